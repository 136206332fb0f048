"""What is wrong with one account keeps no other waiting, and what was lost is made good."""

import os
import socket
import threading
from typing import Any

from redis import Redis

from app.store import keys
from app.store.timers import ring
from tests.doubles.plivo_edge import PlivoEdge, Seen, answer
from tests.waiting import PATIENCE, until
from tests.workers.accounts.platform import AUTH, ROOM, Platform
from workers.accounts.rounds import AT_ONCE

NO_RULES = "version: 1\nrules: []\n"


def known(platform: Platform, account: str) -> Any:
    return platform.contexts.spaces.of(account).get(keys.RULES_TEXT)


def at_rest(platform: Platform) -> None:
    """The rules of both are known, and nobody has anything to do."""

    def both() -> bool:
        platform.rounds.look()
        return all(known(platform, account) for account in AUTH)

    until(both, "the rules of both")
    platform.contexts.drop_idle(idle=-1.0)
    platform.rounds.look()


def test_rules_that_redis_lost_are_there_again_when_somebody_asks_for_them(
    platform: Platform, redis: Redis
) -> None:
    at_rest(platform)
    redis.flushdb()
    ring(platform.contexts.spaces.of("acme"))

    def again() -> bool:
        platform.rounds.tick()
        platform.rounds.look()
        return known(platform, "acme") is not None

    until(again, "the rules of acme")


def test_rules_that_are_a_pipe_hold_up_nobody(platform: Platform) -> None:
    at_rest(platform)
    os.mkfifo(platform.folder / "pipe")
    os.replace(platform.folder / "pipe", platform.folder / "acme.yaml")
    looking = threading.Thread(target=platform.rounds.look, daemon=True)
    looking.start()
    looking.join(10)
    assert not looking.is_alive()


def test_a_broken_key_of_one_account_keeps_the_rules_of_no_other_waiting(
    platform: Platform,
) -> None:
    at_rest(platform)
    platform.contexts.spaces.of("acme").set(keys.QUESTIONS, "no list")
    platform.rules("zeta", NO_RULES)

    def taken() -> bool:
        platform.rounds.look()
        return bool(known(platform, "zeta") == NO_RULES.encode())

    until(taken, "the rules of zeta")


def test_a_broken_key_of_one_account_keeps_the_clock_of_no_other_waiting(
    platform: Platform, redis: Redis
) -> None:
    platform.enter("zeta")
    redis.delete(keys.QUEUE)  # who took it died
    platform.is_late("zeta")
    platform.contexts.spaces.of("acme").set(keys.DUE, "no set")
    redis.zadd(keys.ACCOUNTS, {"acme": 0})
    assert platform.rounds.tick() == 0.0
    assert redis.lrange(keys.QUEUE, 0, -1) == [f"a/zeta/{keys.conference_key(ROOM)}".encode()]
    assert platform.rounds.tick() > 1  # nor is it tried all the time


def test_a_lease_that_is_taken_with_what_was_replaced_meanwhile_is_kept(
    platform: Platform,
) -> None:
    waits_for_a_turn = platform.contexts.of("acme")
    path = platform.folder / "accounts.yaml"
    path.write_text(path.read_text().replace("token-of-acme", "another-one"))

    def replaced() -> bool:
        platform.rounds.look()
        return platform.contexts.of("acme") is not waits_for_a_turn

    until(replaced, "the new token")
    platform.contexts.drop_idle()
    assert any(one is waits_for_a_turn for one in platform.contexts.all())


def test_an_account_that_plivo_did_not_answer_for_is_asked_about_again(
    platform: Platform, edge: PlivoEdge, redis: Redis
) -> None:
    edge.answers(*[answer(500, {"api_id": "a-1", "error": "no"})] * 20)
    stopping = threading.Event()
    platform.rounds.look()
    thread = threading.Thread(target=platform.rounds.reconcile_forever, args=(stopping,))
    thread.start()
    try:
        until(lambda: len(edge.seen) >= len(AUTH), "both to be asked about")
    finally:
        stopping.set()
        thread.join(30)
    assert redis.zcard(keys.ACCOUNTS_TO_ASK) == len(AUTH)


def test_an_account_that_waits_to_be_asked_about_is_not_begun_when_the_worker_stops(
    platform: Platform, edge: PlivoEdge
) -> None:
    go, stopping = threading.Event(), threading.Event()
    of_one = "name: {0}, plivo_auth_id: {0}, plivo_auth_token: of-{0}, rules_file: acme.yaml"
    names = [f"more{number}" for number in range(AT_ONCE)]

    def hold(seen: Seen, connection: socket.socket) -> None:
        go.wait(PATIENCE)
        connection.sendall(answer(200, {"api_id": "a-1", "conferences": []}))

    edge.scripts += [hold] * 2 * AT_ONCE
    platform.write(*AUTH, more="".join(f"  - {{{of_one.format(name)}}}\n" for name in names))
    until(lambda: platform.rounds.look() or "more0" in platform.contexts.file.accounts, "all")
    platform.contexts.drop_idle(idle=-1.0)
    thread = threading.Thread(target=platform.rounds.reconcile_forever, args=(stopping,))
    thread.start()
    try:
        until(lambda: len(edge.seen) == AT_ONCE, "as many as are asked about at once")
    finally:
        stopping.set()
        go.set()
        thread.join(30)
    begun = [name for name in (*AUTH, *names) if platform.contexts.loaded(name)]
    assert len(begun) == AT_ONCE
