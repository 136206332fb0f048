"""Turns of one process: how many there are, and who has the next one."""

import threading
from contextlib import ExitStack

from tests.waiting import ends_within, until
from workers.conference.turns import AT_ONCE, Turns

LIMIT = 10.0
"""Seconds; a test of these takes well under one."""


class Line:
    """Threads that take turns one after the other, and in which order they had theirs."""

    def __init__(self, turns: Turns) -> None:
        self.turns, self.had = turns, list[str]()
        self._threads: list[threading.Thread] = []

    def join(self, account: str) -> None:
        """One more waits, behind those that wait already."""
        before = self.turns.waiting
        thread = threading.Thread(target=self._take, args=(account,), daemon=True)
        thread.start()
        self._threads.append(thread)
        until(lambda: self.turns.waiting == before + 1, f"{account} to wait")

    def _take(self, account: str) -> None:
        with self.turns.of(account).taken():
            self.had.append(account)

    def end(self) -> None:
        for thread in self._threads:
            thread.join()


def all_but_one(turns: Turns, taken: ExitStack) -> None:
    for _ in range(AT_ONCE - 1):
        taken.enter_context(turns.taken())


@ends_within(LIMIT)
def test_who_waits_for_long_holds_up_no_other_account() -> None:
    line = Line(Turns())
    with ExitStack() as busy:
        all_but_one(line.turns.of("idle"), busy)
        with line.turns.of("acme").taken():
            for account in ("acme", "acme", "acme", "zeta", "acme", "root", "zeta"):
                line.join(account)
        until(lambda: not line.turns.waiting, "all to have had a turn")
    line.end()
    assert line.had.index("zeta") == 0
    assert line.had.index("root") <= 2
    assert sorted(line.had) == ["acme"] * 4 + ["root"] + ["zeta"] * 2


@ends_within(LIMIT)
def test_a_lent_turn_is_for_others_and_comes_back() -> None:
    line = Line(Turns())
    with ExitStack() as busy:
        all_but_one(line.turns.of("acme"), busy)
        acme = line.turns.of("acme")
        with acme.taken():
            assert line.turns.busy == AT_ONCE
            line.join("zeta")
            with acme.lent():
                until(lambda: line.had == ["zeta"], "zeta's turn")
            assert line.turns.busy == AT_ONCE
    line.end()
    assert line.turns.busy == 0
