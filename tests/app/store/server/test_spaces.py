"""Accounts beside each other in one Redis: nothing of one is seen by another."""

from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import ResponseError

from app.accounts.doorbell import Doorbell, asked
from app.domain.event import Event, new_id
from app.store import keys
from app.store.commit import Commit
from app.store.connection import connect
from app.store.inbox import Inbox
from app.store.lease import Lease, Leases
from app.store.scripts import load_scripts
from app.store.server.address import in_space_of
from app.store.server.spaces import Spaces, space_of
from app.store.timers import Timers, ring

KNOWN = {"acme", "zeta"}
ROOM = keys.conference_key("room")


@pytest.fixture
def spaces(redis: Redis) -> Iterator[Spaces]:
    address: Any = redis.connection_pool.connection_kwargs
    client = connect(f"redis://{address['host']}:{address['port']}/{address['db']}")
    yield Spaces(client)
    client.close()


def accept(redis: Redis) -> str:
    """A member comes into `room`. Answers the event's id."""
    event = Event(new_id(), "member.entered", "room", 0.0, "u-1", {"member_id": "1"})
    Inbox(redis).accept(event, identities=[])
    return event.id


def take(redis: Redis) -> Lease:
    lease = Leases(redis).take(ROOM)
    assert lease is not None
    return lease


def test_every_account_has_keys_of_its_own(redis: Redis, spaces: Spaces) -> None:
    for name in ("acme", "zeta", ""):
        spaces.of(name).set("gavel:rules", name or "root")
    assert spaces.of("acme").get("gavel:rules") == b"acme"
    assert spaces.of("").get("gavel:rules") == b"root"
    assert sorted(redis.keys()) == [b"a/acme/gavel:rules", b"a/zeta/gavel:rules", b"gavel:rules"]
    assert list(spaces.of("acme").scan_iter()) == [b"gavel:rules"]


def test_an_account_s_client_comes_by_its_address_too(redis: Redis, spaces: Spaces) -> None:
    address: Any = redis.connection_pool.connection_kwargs
    url = f"redis://{address['host']}:{address['port']}/{address['db']}"
    client = connect(in_space_of(url, "acme"))
    client.set("gavel:rules", "x")
    assert space_of(client) == "acme"
    assert spaces.of("acme").get("gavel:rules") == b"x"
    client.close()


def test_pipelines_transactions_and_channels_are_of_the_account(
    redis: Redis, spaces: Spaces
) -> None:
    acme: Any = spaces.of("acme")
    with acme.pipeline() as together:
        together.set("gavel:one", 1)
        together.get("gavel:one")
        assert together.execute() == [True, b"1"]
    heard = acme.pubsub()
    heard.subscribe("gavel:story")
    assert heard.get_message(timeout=10)["channel"] == b"gavel:story"
    redis.publish("gavel:story", "of the root")
    redis.publish("a/acme/gavel:story", "of acme")
    assert heard.get_message(timeout=10)["data"] == b"of acme"
    heard.close()
    assert spaces.of("").get("gavel:one") is None


def test_one_connection_serves_all_and_forgets_whose_it_was(redis: Redis, spaces: Spaces) -> None:
    before = redis.info("clients")["connected_clients"]
    for number in range(20):
        spaces.of(f"account-{number}").set("gavel:x", number)
    spaces.of("").set("gavel:x", "root")
    assert redis.info("clients")["connected_clients"] <= before + 1
    assert redis.get("gavel:x") == b"root"


def test_an_event_is_taken_decided_and_committed_in_its_account_alone(
    redis: Redis, spaces: Spaces
) -> None:
    load_scripts(spaces.of("acme"))
    event_id = accept(spaces.of("acme"))
    accept(spaces.of("zeta"))
    jobs = [f"a/{account}/{ROOM}".encode() for account in ("acme", "zeta")]
    assert redis.lrange(keys.QUEUE, 0, -1) == jobs
    assert redis.hget(f"rq:job:a/acme/{ROOM}", "origin") == b"gavel"
    assert take(spaces.of("")).taken.events == []
    lease = take(spaces.of("acme"))
    assert [event_id in text.decode() for _, text in lease.taken.events] == [True]
    assert not redis.exists(f"rq:job:a/acme/{ROOM}")
    commit = Commit(decided=1, live=1.0, set_timers={"1.t": 5.0})
    assert lease.commit(commit, release=True) is None
    assert redis.zrange("a/acme/gavel:due", 0, -1) == [f"{ROOM} 1.t".encode()]
    assert take(spaces.of("zeta")).taken.events != []
    assert not redis.exists("gavel:due", "a/zeta/gavel:due", "gavel:live")


def test_the_doorbell_says_by_when_an_account_is_to_be_looked_at(
    redis: Redis, spaces: Spaces
) -> None:
    acme = spaces.of("acme")
    doorbell = Doorbell(spaces.of(""))
    assert doorbell.rung(KNOWN) == ([], None)
    accept(acme)
    rung, later = doorbell.rung(KNOWN)
    assert rung == []
    assert later is not None
    assert 0 < later <= 5
    ring(acme)
    assert doorbell.rung(KNOWN)[0] == ["acme"]
    assert doorbell.to_ask() == frozenset()
    take(acme).commit(Commit(decided=1, live=1.0, set_timers={"1.t": 1.0}), release=True)
    assert doorbell.to_ask() == {"acme"}
    assert Timers(acme).tick().fired == 1
    assert take(acme).taken.events != []


def test_an_account_without_anything_to_do_is_looked_at_once_a_day(
    redis: Redis, spaces: Spaces
) -> None:
    Doorbell(redis).begin(["acme"])
    Timers(spaces.of("acme")).tick()
    rung, later = Doorbell(redis).rung(KNOWN)
    assert rung == []
    assert later is not None
    assert 86_000 < later <= 86_400
    Timers(redis).tick()
    assert redis.zrange(keys.ACCOUNTS, 0, -1) == [b"acme"]


def test_plivo_is_asked_about_an_account_until_nothing_of_it_is_live(
    redis: Redis, spaces: Spaces
) -> None:
    acme = spaces.of("acme")
    Doorbell(redis).begin(["acme"])
    Doorbell(redis).begin(["acme"])
    assert Doorbell(redis).to_ask() == {"acme"}
    acme.zadd(keys.DOUBTFUL, {ROOM: 1})
    assert not asked(acme, whole=True)
    acme.delete(keys.DOUBTFUL)
    assert not asked(acme, whole=False)
    assert asked(acme, whole=True)
    Doorbell(redis).begin(["acme"])
    assert Doorbell(redis).to_ask() == frozenset()


def test_an_account_with_something_live_is_asked_about_again_when_its_time_has_come(
    redis: Redis, spaces: Spaces
) -> None:
    acme, doorbell = spaces.of("acme"), Doorbell(redis)
    accept(acme)
    lease = take(acme)
    lease.commit(Commit(live=1.0), release=False)
    assert doorbell.to_ask() == {"acme"}
    acme.set(keys.RECONCILED, "1", px=50_000)
    assert not asked(acme, whole=True)
    assert doorbell.to_ask() == frozenset()
    lease.commit(Commit(look=2.0), release=False)
    assert doorbell.to_ask() == {"acme"}
    doorbell.ask_later("acme", 60.0)
    assert doorbell.to_ask() == frozenset()
    assert not asked(acme, whole=False)
    assert doorbell.to_ask() == {"acme"}  # the doubtful one is still to be looked at
    acme.delete(keys.DOUBTFUL)
    assert not asked(acme, whole=False)
    assert doorbell.to_ask() == frozenset()


def test_a_burst_of_one_account_is_a_few_places_in_the_queue(redis: Redis, spaces: Spaces) -> None:
    acme = spaces.of("acme")
    names = [f"room-{number}" for number in range(20)]
    for name in names:
        Inbox(acme).accept(
            Event(new_id(), "member.entered", name, 0.0, "u", {"member_id": "1"}), identities=[]
        )
    accept(spaces.of("zeta"))
    queue = redis.lrange(keys.QUEUE, 0, -1)
    assert len(queue) == 9
    assert queue[-1].startswith(b"a/zeta/")
    Timers(acme).tick()
    worked = []
    while popped := redis.lpop(keys.QUEUE):
        assert isinstance(popped, bytes)
        account, unit = keys.account_of(popped.decode())
        lease = Leases(spaces.of(account)).take(unit)
        assert lease is not None
        lease.commit(Commit(decided=1), release=True)
        worked.append((account, lease.taken.name))
    assert worked == [
        *(("acme", name) for name in names[:8]),
        ("zeta", "room"),
        *(("acme", name) for name in names[8:]),
    ]


def test_wake_ups_that_were_taken_by_who_died_hold_up_no_other(
    redis: Redis, spaces: Spaces
) -> None:
    acme = spaces.of("acme")
    for number in range(10):
        name = f"room-{number}"
        Inbox(acme).accept(
            Event(new_id(), "member.entered", name, 0.0, "u", {"member_id": "1"}), identities=[]
        )
    redis.delete(keys.QUEUE)
    for key, _ in acme.zrange(keys.AWAKE, 0, -1, withscores=True):
        acme.zadd(keys.AWAKE, {key: 1})
    Timers(acme).tick()
    assert len(set(redis.lrange(keys.QUEUE, 0, -1))) == 8
    assert acme.llen("gavel:overflow") == 2


def test_an_account_that_is_not_known_here_is_left_to_who_knows_it(
    redis: Redis, spaces: Spaces
) -> None:
    doorbell = Doorbell(redis)
    doorbell.begin([*(f"gone-{number}" for number in range(120)), "acme"])
    redis.zadd(keys.ACCOUNTS, {"zeta": 1e12})
    before = redis.zrange(keys.ACCOUNTS, 0, -1, withscores=True)
    rung = [doorbell.rung(KNOWN)[0] for _ in range(2)]
    assert rung[-1] == ["acme"]
    assert redis.zrange(keys.ACCOUNTS, 0, -1, withscores=True) == before


def test_an_answer_that_is_an_error_leaves_nothing_for_the_next_one(spaces: Spaces) -> None:
    acme: Any = spaces.of("acme")
    acme.set("gavel:rules", "no list")
    seven = acme.register_script("return 7")
    assert seven() == 7
    with pytest.raises(ResponseError):
        acme.blpop(["gavel:rules"], 0.1)
    assert seven() == 7
