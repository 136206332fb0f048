"""The accounts file changes while the clock is at work: between who is rung and who is ticked."""

from collections.abc import Callable
from typing import Any

from app.accounts.file import Accounts
from app.store import keys
from tests.waiting import until
from tests.workers.accounts.platform import AUTH, Platform

DAY = 86400


class ReplacedMeanwhile(Accounts):
    """A version of the file that is replaced as soon as somebody asked whom it knows."""

    def __init__(self, version: Accounts, replace: Callable[[], None]) -> None:
        super().__init__(version.values())
        self._replace: Callable[[], None] | None = replace

    def __contains__(self, name: object) -> bool:
        if (replace := self._replace) is not None:
            self._replace = None
            replace()
        return super().__contains__(name)


def meanwhile(platform: Platform, *names: str) -> None:
    """Once the clock has asked who is rung the file has these accounts, and its thread takes it."""
    file = platform.contexts.file
    before = file.accounts

    def replace() -> None:
        file.accounts = before
        change(platform, *names)

    file.accounts = ReplacedMeanwhile(before, replace)


def change(platform: Platform, *names: str, more: str = "") -> None:
    file = platform.contexts.file
    before = file.accounts
    platform.write(*names, more=more)
    until(lambda: platform.rounds.look() or file.accounts is not before, "the file to be taken")


def test_an_account_that_was_taken_out_when_it_was_rung_holds_up_no_other(
    platform: Platform,
) -> None:
    for name in AUTH:
        platform.enter(name)
    platform.root.redis.delete(keys.QUEUE)
    for name in AUTH:
        platform.is_late(name)
    meanwhile(platform, "zeta")
    platform.rounds.tick()
    assert set(platform.contexts.file.accounts) == {"zeta"}
    redis: Any = platform.root.redis
    woken = [keys.account_of(job.decode())[0] for job in redis.lrange(keys.QUEUE, 0, -1)]
    assert "zeta" in woken


def test_a_retention_that_was_changed_when_its_account_was_rung_holds_from_then_on(
    platform: Platform,
) -> None:
    acme: Any = platform.contexts.spaces.of("acme")
    change(platform, "zeta", "acme", more="    keep_journal: 30d\n")
    acme.zadd(keys.KNOWN, {"an old conference": acme.time()[0] - 20 * DAY})
    platform.is_late("acme")
    meanwhile(platform, "zeta", "acme")
    platform.rounds.tick()
    assert acme.exists(keys.KNOWN)
    platform.is_late("acme")
    platform.rounds.tick()
    assert not acme.exists(keys.KNOWN)
