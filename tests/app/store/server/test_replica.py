"""`DURABILITY=replica`: nothing is answered or sent that only the primary has; at real servers."""

import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from app.domain.event import Event, new_id
from app.factory import create_app
from app.store import keys
from app.store.connection import connect
from app.store.inbox import Accepted, Identity, Inbox
from app.store.server.examination import examine
from app.store.server.replica import NotReplicated, ReplicatedRedis
from bench.chaos.replicated import Replicated, replicated
from tests.app import builders
from tests.app.builders import Plivo, settings
from tests.doubles.plivo_edge import PlivoEdge, plivo_edge
from tests.waiting import until
from tests.workers.builders import context_of, enter, work_all

SPEAK = """
version: 1
rules:
  - name: Greet
    when: member.entered
    do:
      - speak: {to: member, text: "Hello."}
"""
LONG = 3600.0
ENTER = builders.enter()


@pytest.fixture(scope="module")
def store() -> Iterator[Replicated]:
    with replicated(replicas=1, sentinels=0) as started:
        yield started


@pytest.fixture
def redis(store: Replicated) -> Iterator[ReplicatedRedis]:
    """A client of the primary that waits for its replica, which is there."""
    client = connect(f"redis://127.0.0.1:{store.servers[0].port}/0", timeout=20.0, replicated=True)
    assert isinstance(client, ReplicatedRedis)
    client.longest_seconds, client.brake_seconds = 10.0, -LONG
    client.flushall()
    client.config_resetstat()
    yield client
    store.servers[1].signal(signal.SIGCONT)
    client.close()


@pytest.fixture
def at_the_replica(store: Replicated) -> Iterator[Redis]:
    with store.servers[1].client() as client:
        yield client


@pytest.fixture
def edge() -> Iterator[PlivoEdge]:
    with plivo_edge() as running:
        yield running


def accept(redis: Redis, callback: str = "one") -> Accepted:
    event = Event(new_id(), "member.entered", "sales-1", 0.0, "uuid-1", {"member_id": "1"})
    return Inbox(redis).accept(event, identities=[Identity(callback, 60)])


def waiting(redis: Redis) -> int:
    return int(redis.llen(keys.inbox(keys.conference_key("sales-1"))))


def waits(redis: Redis) -> int:
    """How often somebody waited for the replica since the test began."""
    told: Any = redis.info("commandstats")
    return int(told.get("cmdstat_wait", {}).get("calls", 0))


def away(store: Replicated, redis: ReplicatedRedis) -> None:
    """The replica stands still, as if the network to it were cut."""
    store.servers[1].signal(signal.SIGSTOP)
    redis.longest_seconds = 0.05


def back(store: Replicated, redis: ReplicatedRedis) -> None:
    store.servers[1].signal(signal.SIGCONT)
    redis.longest_seconds = 10.0


def test_what_was_accepted_is_at_the_replica_by_then(
    redis: ReplicatedRedis, at_the_replica: Redis
) -> None:
    for number in range(20):
        accept(redis, str(number))
        assert waiting(at_the_replica) == number + 1


def test_what_no_replica_has_is_not_accepted_nor_when_it_comes_again(
    store: Replicated, redis: ReplicatedRedis, at_the_replica: Redis
) -> None:
    away(store, redis)
    for _ in range(2):  # the second time it is a duplicate, and only the primary knows the first
        with pytest.raises(NotReplicated):
            accept(redis)
    back(store, redis)
    assert not accept(redis).new
    assert waiting(at_the_replica) == 1


def test_a_step_that_writes_nothing_has_what_was_written_before_it_confirmed(
    store: Replicated, redis: ReplicatedRedis
) -> None:
    away(store, redis)
    redis.set("gavel:x", "1")
    redis.connection_pool.disconnect()  # the next comes over a connection that wrote nothing
    with pytest.raises(NotReplicated):
        redis.confirmed(lambda pipe: pipe.get("gavel:x"))
    back(store, redis)
    assert redis.confirmed(lambda pipe: pipe.get("gavel:x")) == b"1"


def test_while_no_replica_confirms_one_tries_and_the_others_are_refused_at_once(
    store: Replicated, redis: ReplicatedRedis
) -> None:
    away(store, redis)
    with pytest.raises(NotReplicated):
        accept(redis)
    redis.brake_seconds = LONG
    with pytest.raises(NotReplicated):
        accept(redis, "this one tries")
    with pytest.raises(NotReplicated):
        accept(redis, "nothing of this one is stored")
    assert waiting(redis) == 2


def test_a_callback_is_answered_503_until_a_replica_has_it(
    store: Replicated, redis: ReplicatedRedis, publish: Callable[..., None]
) -> None:
    publish()
    plivo = Plivo(create_app(settings(), Inbox(redis)).test_client())
    away(store, redis)
    assert plivo.post(ENTER).status_code == 503
    ready = plivo.client.get("/readyz")
    assert (ready.status_code, "DURABILITY=replica" in ready.text) == (503, True)
    back(store, redis)
    assert plivo.client.get("/readyz").status_code == 200
    assert plivo.post(ENTER).status_code == 200


def test_nothing_is_said_before_a_replica_knows_that_it_will_be(
    store: Replicated, redis: ReplicatedRedis, edge: PlivoEdge, tmp_path: Path
) -> None:
    context = context_of(redis, edge.url, tmp_path, SPEAK)
    enter(redis)
    away(store, redis)
    working = threading.Thread(target=work_all, args=(context,))
    working.start()
    until(lambda: edge.seen or waits(redis) > 3, "it waits for the replica")
    assert not edge.seen
    back(store, redis)
    working.join()
    assert [seen.path.rpartition("/Member/")[2] for seen in edge.seen] == ["1/Speak/"]


def test_doctor_tells_of_the_replica(store: Replicated, redis: ReplicatedRedis) -> None:
    told = {finding.text: finding.level for finding in examine(redis)}
    assert told["a replica has each event before it is answered 200 (DURABILITY=replica)"] == "ok"
    assert (
        told["it has one replica: while that is away, every callback is answered 503"] == "warning"
    )
