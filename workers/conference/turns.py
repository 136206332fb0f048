"""How many units of one process decide and store at the same time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

AT_ONCE = 2
"""Beside any number that wait for an answer from outside. More would only share the one interpreter
lock, and each would find fewer events to take together (docs/decisions/0004)."""


class Turns:
    """Thread-safe."""

    def __init__(self) -> None:
        self._free = threading.BoundedSemaphore(AT_ONCE)
        self._busy = 0
        self._lock = threading.Lock()

    @property
    def busy(self) -> int:
        """How many turns are taken now."""
        return self._busy

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for a turn, and have it."""
        self._free.acquire()
        self._note(1)
        try:
            yield
        finally:
            self._note(-1)
            self._free.release()

    @contextmanager
    def lent(self) -> Iterator[None]:
        """While one who has a turn waits for an answer from outside, another one has it."""
        self._note(-1)
        self._free.release()
        try:
            yield
        finally:
            self._free.acquire()
            self._note(1)

    def _note(self, more: int) -> None:
        with self._lock:
            self._busy += more
