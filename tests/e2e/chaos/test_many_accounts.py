"""Accounts of one Gavel while its processes are killed; the far side is a double of Plivo."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from app.store import keys
from app.store.server.spaces import Spaces
from bench.chaos.accounts import Account, ManyAccounts
from bench.chaos.callbacks import Sender, call_uuid, callback
from bench.chaos.edge import Edge, Fate, Request, edge
from bench.chaos.scenarios.kills import MUTE
from tests.waiting import until

LATER = MUTE.replace("member.entered", "{conference.elapsed: 8s}").replace(
    "mute: member", "mute: all"
)
BRIEF = """
  - name: A brief conference
    when: {conference.elapsed: 1s}
    match: {conference: brief}
    do:
      - speak: {to: all, text: That was it}
"""
ACME = Account("acme", MUTE.replace("mute: member", "deaf: member") + BRIEF)
ZETA = Account("zeta", LATER)


class Stage:
    """The running Gavel, its Redis, and the one API of both accounts."""

    def __init__(self, gavel: ManyAccounts, double: Edge, redis: Redis) -> None:
        self.gavel, self.edge, self.redis = gavel, double, redis

    def enter(self, account: Account, *members: str, room: str = "room") -> None:
        """Each member comes in; posted until it is answered 200."""

        async def send() -> None:
            sender = Sender(self.gavel.port, account.path, account.token)
            await sender.post_all([callback(room, one) for one in members], rate=1000.0)
            sender.close()

        asyncio.run(send())

    def is_at_rest(self, account: Account) -> bool:
        """No clock has to look at it within the hour."""
        redis: Any = self.redis
        return bool(redis.zscore(keys.ACCOUNTS, account.name) > redis.time()[0] + 3600)

    def done(self, verb: str, account: Account, room: str = "room") -> set[str]:
        """The members for whom it was asked, by whoever has this account's path and token."""
        return {
            member
            for call in self.edge.calls(verb, room, account.id)
            if call.login == account.login and call.effect
            for member in call.members
        }


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with edge() as double:
        gavel = ManyAccounts(tmp_path, double.url, MUTE, accounts=[ACME, ZETA])
        redis = gavel.redis()
        try:
            gavel.start()
            yield Stage(gavel, double, redis)
        finally:
            redis.close()
            gavel.stop()


def test_killed_under_way_each_account_gets_its_calls_and_its_timer(stage: Stage) -> None:
    held: list[Request] = []

    def fate(request: Request, before: int) -> Fate:
        """The first call of acme is under way until its worker is dead."""
        if request.verb != "deaf" or before or held:
            return Fate()
        held.append(request)
        return Fate(silent=True)

    stage.edge.fate = fate
    for member in ("1", "2", "3"):
        stage.edge.world.enter("room", member, call_uuid("room", member))
    stage.enter(ZETA, "1", "2", "3")
    stage.enter(ACME, "1", "2", "3")
    zeta = Spaces(stage.redis).of("zeta")
    until(lambda: bool(held) and zeta.zcard(keys.DUE), "a call, and the timer of zeta")
    assert stage.gavel.kill("worker") > 0
    until(lambda: stage.done("deaf", ACME) == {"1", "2", "3"}, "acme's calls, by another worker")
    stage.gavel.kill_everything()
    stage.gavel.start()
    until(lambda: stage.done("mute", ZETA), "zeta's timer")
    until(lambda: stage.is_at_rest(ACME), "acme to have nothing to do")
    stage.edge.world.enter("brief", "9", call_uuid("brief", "9"))
    stage.enter(ACME, "9", room="brief")
    until(lambda: stage.done("speak", ACME, "brief"), "a timer of an account that was at rest")
    asked = {(call.account, call.login, call.verb) for call in stage.edge.calls()}
    of_acme = {(ACME.id, ACME.login, verb) for verb in ("deaf", "speak")}
    assert asked == {*of_acme, (ZETA.id, ZETA.login, "mute")}
