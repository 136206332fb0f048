"""Daemon threads that work units by their keys."""

import threading
import time
from collections import deque
from collections.abc import Callable


class Threads:
    """At most so many threads, begun when they are needed, first come, first served. A key that
    waits is not taken twice."""

    def __init__(self, count: int, work: Callable[[str], None]) -> None:
        self._count, self._work = count, work
        self._waiting: deque[str] = deque()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._stopping = False

    def submit(self, key: str) -> None:
        """Work this unit as soon as a thread is free; returns at once."""
        with self._changed:
            if self._stopping or key in self._waiting:
                return
            self._waiting.append(key)
            if self._idle >= len(self._waiting):
                self._changed.notify()
            elif len(self._threads) < self._count:
                thread = threading.Thread(target=self._run, daemon=True)
                self._threads.append(thread)
                thread.start()

    def stop(self) -> None:
        """Begin nothing more; what waits is for another process."""
        with self._changed:
            self._stopping = True
            self._waiting.clear()
            self._changed.notify_all()

    def join(self, until: float) -> None:
        """Wait for those at work, until this moment of the monotonic clock at the latest."""
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _run(self) -> None:
        while (key := self._next()) is not None:
            self._work(key)

    def _next(self) -> str | None:
        with self._changed:
            self._idle += 1
            while not self._waiting and not self._stopping:
                self._changed.wait()
            self._idle -= 1
            return None if self._stopping else self._waiting.popleft()
