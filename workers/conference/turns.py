"""How many units of one process decide and store at the same time."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

AT_ONCE = 2
"""Beside any number that wait for an answer from outside. More would only share the one interpreter
lock, and each would find fewer events to take together (docs/decisions/0004)."""


class _Waiting:
    """One thread that waits. `has_turn`: it was given one, and need not ask again."""

    __slots__ = ("bell", "has_turn")

    def __init__(self) -> None:
        self.bell = threading.Lock()
        self.bell.acquire()
        self.has_turn = False


class _Hall:
    """The turns of a process, and who waits for one, by account."""

    def __init__(self) -> None:
        self.free = AT_ONCE
        self._lock = threading.Lock()
        self._lines: dict[str, deque[_Waiting]] = {}

    def waiting(self) -> int:
        with self._lock:
            return sum(map(len, self._lines.values()))

    def acquire(self, account: str) -> None:
        while True:
            with self._lock:
                if self.free:
                    self.free -= 1
                    return
                waiting = _Waiting()
                self._lines.setdefault(account, deque()).append(waiting)
            waiting.bell.acquire()
            if waiting.has_turn:
                return

    def release(self, account: str) -> None:
        """Another account that waits is given the turn, one after the other. Of this one whoever
        asks first has it: a thread that runs need not wait for one that has to wake up."""
        with self._lock:
            other = next((name for name in self._lines if name != account), None)
            if other is None:
                self.free += 1
            name = account if other is None else other
            line = self._lines.pop(name, None)
            if line is None:
                return
            waiting = line.popleft()
            waiting.has_turn = other is not None
            if line:
                self._lines[name] = line  # behind the others
        waiting.bell.release()


class Turns:
    """Those of a process, as one account takes them. Thread-safe."""

    def __init__(self, account: str = "", hall: _Hall | None = None) -> None:
        self._account, self._hall = account, hall or _Hall()

    def of(self, account: str) -> Self:
        """The same turns, for another account: no account waits for more than one turn of each
        other one, however many units of those wait."""
        return type(self)(account, self._hall)

    @property
    def busy(self) -> int:
        """How many turns are taken now."""
        return AT_ONCE - self._hall.free

    @property
    def waiting(self) -> int:
        """How many threads wait for one, of all accounts."""
        return self._hall.waiting()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for a turn, and have it."""
        self._hall.acquire(self._account)
        try:
            yield
        finally:
            self._hall.release(self._account)

    @contextmanager
    def lent(self) -> Iterator[None]:
        """While one who has a turn waits for an answer from outside, another one has it."""
        self._hall.release(self._account)
        try:
            yield
        finally:
            self._hall.acquire(self._account)
