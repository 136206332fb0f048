"""Waiting for something to become true, with an end, so that a broken program can not hang us."""

import functools
import time
from collections.abc import Callable
from multiprocessing.pool import ThreadPool
from typing import ParamSpec

P = ParamSpec("P")
PATIENCE = 120.0
"""Seconds until a test gives up waiting: far more than ten times what is usual, so that only a
broken program, and no slow machine, makes a test fail."""
_FIRST, _LONGEST = 0.01, 0.1
"""Seconds between two looks: soon at first, then ever more rarely, since each may be a request."""


def until(holds: Callable[[], object], what: str | Callable[[], str]) -> None:
    """Returns as soon as `holds()` is true; fails with `what` (was waited for) when it never is."""
    deadline, pause = time.monotonic() + PATIENCE, _FIRST
    while not holds():
        if time.monotonic() > deadline:
            told = what if isinstance(what, str) else what()
            raise AssertionError(f"waited {PATIENCE:g} s in vain: {told}")
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST)


def ends_within(seconds: float) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """For a test that a broken program would hang for ever, in a lock that it waits for: it fails
    after so many seconds. What it began goes on in threads that nobody waits for."""

    def limited(test: Callable[P, None]) -> Callable[P, None]:
        @functools.wraps(test)
        def run(*given: P.args, **named: P.kwargs) -> None:
            pool = ThreadPool(1)  # of daemon threads
            ended = pool.apply_async(test, given, named)
            pool.close()
            ended.wait(seconds)
            assert ended.ready(), f"it hangs: not over after {seconds:g} s"
            ended.get()

        return run

    return limited


def alive(pid: int) -> bool:
    """Is there such a process, and not only what is left of it (a zombie)?"""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
