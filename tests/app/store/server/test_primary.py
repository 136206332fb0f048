"""Who is the primary behind Sentinel: by what the Sentinels say, and at real ones."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.sentinel import MasterNotFoundError

from app.store.connection import connect
from app.store.server.examination import examine
from app.store.server.primary import Watch, Word
from bench.chaos.replicated import Replicated, replicated
from tests.waiting import PATIENCE, until

OLD, NEW = ("10.0.0.1", 6379), ("10.0.0.2", 6379)


@pytest.fixture
def watch() -> Watch:
    return Watch(sentinels=3)


def test_the_newest_word_counts_and_no_older_one_that_comes_later(watch: Watch) -> None:
    watch.hear(0, Word(OLD, 1, closed=False))
    assert watch.place() == OLD
    watch.hear(1, Word(NEW, 2, closed=False))
    watch.hear(2, Word(OLD, 1, closed=False))
    assert watch.place() == NEW


def test_what_was_heard_stands_when_the_one_who_said_it_falls_silent(watch: Watch) -> None:
    watch.hear(0, Word(OLD, 1, closed=False))
    watch.hear(1, Word(NEW, 2, closed=False))
    watch.hear(1, None, "gone")
    watch.hear(0, Word(OLD, 1, closed=False))
    assert watch.place() == NEW


def test_nobody_is_the_primary_while_one_of_the_newest_words_says_so(watch: Watch) -> None:
    watch.hear(0, Word(OLD, 1, closed=True))
    watch.hear(1, Word(OLD, 1, closed=False))
    with pytest.raises(MasterNotFoundError, match="a failover is under way"):
        watch.place()
    watch.hear(0, None, "the one that wanted it died")
    watch.hear(1, Word(OLD, 1, closed=False))
    assert watch.place() == OLD


def test_without_any_word_the_reason_is_told(watch: Watch) -> None:
    for number in range(3):
        watch.hear(number, None, "Sentinel: wrong password")
    with pytest.raises(MasterNotFoundError, match="wrong password"):
        watch.place()


@pytest.fixture(scope="module")
def store() -> Iterator[Replicated]:
    with replicated() as running:
        yield running


def served_by(client: Redis) -> int:
    """The port of the server that this client talks to; 0: to none."""
    try:
        return int(client.info("server")["tcp_port"])
    except RedisConnectionError:
        return 0


def listen(client: Redis) -> None:
    """As a worker does: until something is popped, whatever becomes of the connection."""
    while True:
        with suppress(RedisConnectionError):
            if client.blpop(["queue"], timeout=30):
                return


def test_a_failover_moves_every_connection_though_the_old_primary_goes_on_answering(
    store: Replicated,
) -> None:
    client = connect(store.url, timeout=60.0)
    old = served_by(client)
    new = next(one for one in store.servers if one.port != old)
    listening = threading.Thread(target=listen, args=(client,), daemon=True)
    listening.start()
    with new.client() as witness, ExitStack() as afterwards:
        store.fail_over()
        until(lambda: served_by(client) == new.port, "the client to follow")
        for sentinel in store.sentinels:  # so that the old primary is not demoted
            sentinel.signal(signal.SIGSTOP)
            afterwards.callback(sentinel.signal, signal.SIGCONT)
        until(lambda: "blpop" in [c["cmd"] for c in witness.client_list()], "the listener, too")
    client.rpush("queue", "a wake-up")
    listening.join(PATIENCE)
    assert not listening.is_alive()
    client.close()


def test_a_process_that_is_forked_watches_by_itself(store: Replicated) -> None:
    client = connect(store.url)
    assert served_by(client)
    child = os.fork()
    if child == 0:
        os._exit(0 if served_by(client) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    client.close()


def test_a_service_that_no_sentinel_knows_is_named(store: Replicated) -> None:
    client = connect(store.url.replace("/gavel/", "/other/"))
    with pytest.raises(MasterNotFoundError, match="No such"):
        client.ping()


def test_doctor_tells_what_a_network_that_splits_would_cost(store: Replicated) -> None:
    client = connect(store.url)
    told = [finding.text for finding in examine(client)]
    assert any("min-replicas-to-write is 0" in text for text in told)
    for server in store.servers:
        with server.client() as one:
            one.config_set("min-replicas-to-write", 1)
    told = [finding.text for finding in examine(client)]
    assert any("min-replicas-to-write 1" in text for text in told)
    client.close()
