"""The standard library's clock, threads and randomness, taken over for a whole process.

`take_over` comes before the product is imported, so that nothing of it has to know that it is
simulated. Where no simulation runs, the clocks stand still and the locks are never contended.
"""

import concurrent.futures
import importlib.metadata
import os
import random
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, Self

from tests.simulation.scheduler import Scheduler, Task

EPOCH = 1_800_000_000.0  # what Redis' clock says when a simulation begins
BOOT = 1_000.0  # what the monotonic clock says then
_running: list[Scheduler] = []


def enter(scheduler: Scheduler) -> None:
    """From now on this is the time."""
    _running[:] = [scheduler]
    random.seed(scheduler.rng.random())


def _now() -> float:
    return _running[0].now if _running else 0.0


def _wall() -> float:
    task = _running[0].current if _running else None
    return EPOCH + _now() + (task.process.behind if task else 0.0)


def _monotonic() -> float:
    return BOOT + _now()


def _sleep(seconds: float) -> None:
    if _running:
        _running[0].sleep(seconds)


def _token_hex(size: int = 32) -> str:
    return f"{random.getrandbits(8 * size):0{2 * size}x}"


def _jitter(real: Callable[[], float]) -> Callable[[], float]:
    """A random number that is often at its edge."""

    def draw() -> float:
        number = real()
        return 0.0 if number < 0.4 else number

    return draw


class _Waiters:
    """Tasks that wait for something, first come first served; the dead are passed over."""

    def __init__(self) -> None:
        self._tasks: deque[tuple[Task, int]] = deque()

    def wait(self, timeout: float | None) -> None:
        scheduler = _running[0]
        task = scheduler.current
        if task is None:
            raise RuntimeError("nobody is there who could end this wait")
        self._tasks.append((task, task.turn))
        if timeout is not None:
            if task.lazy:  # a clock may be late: fewer ticks, and other orders
                timeout = max(timeout, scheduler.rng.uniform(0.05, 1.0))
            scheduler.wake(task, scheduler.now + max(0.0, timeout))
        task.idle = True
        try:
            scheduler.suspend()
        finally:
            task.idle = False

    def wake(self, count: int) -> None:
        while count and self._tasks:
            task, turn = self._tasks.popleft()
            if task.turn == turn and task.process.alive:
                _running[0].wake(task, _running[0].now)
                count -= 1


class Event:
    def __init__(self) -> None:
        self._set = False
        self._waiters = _Waiters()

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        self._set = True
        self._waiters.wake(1 << 30)

    def clear(self) -> None:
        self._set = False

    def wait(self, timeout: float | None = None) -> bool:
        if not self._set:
            self._waiters.wait(timeout)
        return self._set


class Semaphore:
    def __init__(self, value: int = 1) -> None:
        self._value = value
        self._waiters = _Waiters()

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        limit = None if timeout is None or timeout < 0 else _now() + timeout
        while self._value == 0:
            if not blocking or (limit is not None and _now() >= limit):
                return False
            self._waiters.wait(None if limit is None else limit - _now())
        self._value -= 1
        return True

    def release(self, n: int = 1) -> None:
        self._value += n
        self._waiters.wake(n)

    def locked(self) -> bool:
        return self._value == 0

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _at_fork_reinit(self) -> None:
        """Asked for by the standard library's own locks."""


class RLock(Semaphore):
    """Of the task that has it; outside of tasks there is nobody to share it with."""

    def __init__(self) -> None:
        super().__init__(1)
        self._owner: Task | None = None
        self._depth = 0

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        task = _running[0].current if _running else None
        if self._depth and self._owner is task:
            self._depth += 1
            return True
        if not super().acquire(blocking, timeout):
            return False
        self._owner, self._depth = task, 1
        return True

    def release(self, n: int = 1) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._owner = None
            super().release()


class Pool:
    """An executor whose threads take turns: everything is done in order, by the caller."""

    def __init__(self, *_: Any, **__: Any) -> None:
        return

    def map(self, work: Callable[..., Any], *items: Iterable[Any]) -> Iterator[Any]:
        return iter([work(*item) for item in zip(*items, strict=False)])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return


def take_over() -> None:
    """Replace clock, threads and randomness of this process, for good."""
    anything: Any = threading
    anything.Event, anything.Lock, anything.RLock = Event, Semaphore, RLock
    anything.Semaphore = anything.BoundedSemaphore = Semaphore
    anything = concurrent.futures
    anything.ThreadPoolExecutor = Pool
    anything = time
    anything.time, anything.monotonic, anything.sleep = _wall, _monotonic, _sleep
    anything.perf_counter = _monotonic
    anything = secrets
    anything.token_hex = _token_hex
    anything = os
    anything.getpid = lambda: 1  # what workers tell of themselves is part of the course
    anything = importlib.metadata
    anything.version = cache(importlib.metadata.version)  # read from disk by each process else
    anything = random
    anything.random = _jitter(random.random)
