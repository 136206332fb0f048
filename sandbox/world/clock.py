"""The sandbox's own clock: it can stand still, run faster, or jump; timers obey it."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable


class Timer:
    """One due call; `cancel` forgets it."""

    __slots__ = ("action", "due")

    def __init__(self, due: float, action: Callable[[], None]) -> None:
        self.due = due
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Idempotent; the clock sweeps cancelled timers out later."""
        self.action = None


class Clock:
    """Seconds since the epoch as the sandbox sees them; starts at the real time, rate 1.

    `skew` moves only the instants that are told to the service (`epoch`), as a Plivo whose clock
    is wrong would. Use it from one event loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._real = loop.time()
        self._then = time.time()
        self._timers: list[tuple[float, int, Timer]] = []
        self._count = itertools.count()
        self._handle: asyncio.TimerHandle | None = None
        self._sweep_at = 1_000
        self.rate = 1.0
        self.skew = 0.0

    def now(self) -> float:
        return self._then + (self._loop.time() - self._real) * self.rate

    def epoch(self) -> float:
        """The instant as the service is told it."""
        return self.now() + self.skew

    def after(self, seconds: float, action: Callable[[], None]) -> Timer:
        """Call `action` that many sandbox seconds from now."""
        timer = Timer(self.now() + seconds, action)
        heapq.heappush(self._timers, (timer.due, next(self._count), timer))
        if len(self._timers) > self._sweep_at:
            self._sweep()
        self._arm()
        return timer

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        woken: asyncio.Future[None] = self._loop.create_future()
        timer = self.after(seconds, lambda: _wake(woken))
        try:
            await woken
        finally:
            timer.cancel()

    def set_rate(self, rate: float) -> None:
        """1 is real time, 10 ten times faster, 0 stands still."""
        self._jump_to(self.now())
        self.rate = rate
        self._arm()

    def advance(self, seconds: float) -> None:
        """Jump ahead; what falls due on the way happens now, each at its own instant."""
        target = self.now() + seconds
        while self._timers and self._timers[0][0] <= target:
            self._jump_to(max(self._timers[0][0], self.now()))
            self._fire_next()
        self._jump_to(target)
        self._arm()

    def forget_timers(self) -> None:
        self._timers.clear()
        self._arm()

    def reset(self) -> None:
        """As new: the real time, no timers."""
        self._timers.clear()
        self._then, self._real = time.time(), self._loop.time()
        self.rate, self.skew = 1.0, 0.0
        self._arm()

    def _sweep(self) -> None:
        """Drop cancelled timers, so that day-long limits of short conferences do not pile up."""
        self._timers = [entry for entry in self._timers if entry[2].action is not None]
        heapq.heapify(self._timers)
        self._sweep_at = 2 * len(self._timers) + 1_000

    def _jump_to(self, instant: float) -> None:
        self._then, self._real = instant, self._loop.time()

    def _arm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        while self._timers and self._timers[0][2].action is None:
            heapq.heappop(self._timers)
        if self._timers and self.rate > 0:
            wait = (self._timers[0][0] - self.now()) / self.rate
            self._handle = self._loop.call_later(max(wait, 0), self._fire)

    def _fire(self) -> None:
        while self._timers and self._timers[0][0] <= self.now():
            self._fire_next()
        self._arm()

    def _fire_next(self) -> None:
        action = heapq.heappop(self._timers)[2].action
        if action is not None:
            action()


def _wake(woken: "asyncio.Future[None]") -> None:
    if not woken.done():
        woken.set_result(None)
