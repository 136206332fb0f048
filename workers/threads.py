"""Daemon threads that work units by their keys, as many as are needed."""

import threading
import time
from collections import deque
from collections.abc import Callable

SPARE = 8


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


class Crew:
    """Threads that take turns to listen for a unit and work it. Another one is begun when nobody
    is left to listen, `most` at most, and one ends when more than `SPARE` are idle: a call that is
    not answered keeps its own thread waiting and no other unit."""

    def __init__(
        self,
        most: int,
        listen: Callable[[], str],
        work: Callable[[str], None],
        stopping: threading.Event,
    ) -> None:
        """`listen` waits for a key for a while, "" when none came; one thread at a time does."""
        self._most, self._listen, self._work, self._stopping = most, listen, work, stopping
        self._listening, self._lock = threading.Lock(), threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._idle = 0

    def start(self) -> None:
        for _ in range(min(SPARE, self._most)):
            self._begin_one()

    def join(self, until: float) -> None:
        """Wait for all to end, until this moment of the monotonic clock at the latest."""
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _begin_one(self) -> None:
        with self._lock:
            if len(self._threads) >= self._most:
                return
            thread = threading.Thread(target=self._run, daemon=True)
            self._threads.add(thread)
            self._idle += 1
        thread.start()

    def _run(self) -> None:
        while not self._stopping.is_set():
            with self._listening:
                key = "" if self._stopping.is_set() else self._listen()
            if not key:
                continue
            if self._is_last_to_listen():
                self._begin_one()
            self._work(key)
            if not self._is_needed():
                return

    def _is_last_to_listen(self) -> bool:
        with self._lock:
            self._idle -= 1
            return self._idle == 0

    def _is_needed(self) -> bool:
        with self._lock:
            if self._idle >= SPARE:
                self._threads.discard(threading.current_thread())
                return False
            self._idle += 1
            return True
