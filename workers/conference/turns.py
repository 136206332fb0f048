"""How many units of one process decide and store at the same time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

AT_ONCE = 4
"""Beside any number that wait for an answer from outside. More would only share the one interpreter
lock, and each would find fewer events to take together (docs/decisions/0004)."""


class Turns:
    """Thread-safe."""

    def __init__(self) -> None:
        self._free = threading.BoundedSemaphore(AT_ONCE)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for a turn, and have it."""
        with self._free:
            yield

    @contextmanager
    def lent(self) -> Iterator[None]:
        """While one who has a turn waits for an answer from outside, another one has it."""
        self._free.release()
        try:
            yield
        finally:
            self._free.acquire()
