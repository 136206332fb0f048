"""Virtual time and one seeded scheduler: it alone decides which task goes on next.

A task is a greenlet that belongs to a process; it runs until it reaches a seam (Redis, the API, a
clock, a lock) and gives itself up there. So exactly one runs at a time, no time passes while it
runs, and the same seed gives the same course.
"""

import random
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

from greenlet import greenlet


class Killed(BaseException):
    """The process of this task was killed: nothing of it reaches the outside any more."""


class Process:
    """One operating-system process. `behind` is how far its wall clock is from Redis' clock."""

    def __init__(self, name: str, behind: float = 0.0) -> None:
        self.name = name
        self.behind = behind
        self.alive = True
        self.paused_until = 0.0
        self.tasks: list[Task] = []


class Task:
    """One thread of a process. `lazy`: a clock, whose waits may be drawn out."""

    def __init__(self, process: Process, name: str, *, lazy: bool = False) -> None:
        self.process = process
        self.name = f"{process.name}/{name}"
        self.lazy = lazy
        self.turn = 0  # counts its resumptions, so that an old wake-up finds it is too late
        self.idle = False  # waits for nothing but time
        self.wakes_at = 0.0
        self.greenlet: greenlet | None = None


class Scheduler:
    """Events by virtual time; equal times in an order that the seed draws."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.now = 0.0
        self.current: Task | None = None
        self._heap: list[tuple[float, float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0
        self._hub = greenlet.getcurrent()

    def at(self, when: float, action: Callable[..., None], *arguments: Any) -> None:
        """Call `action` at that time, outside of any task."""
        self._count += 1
        item = (max(when, self.now), self.rng.random(), self._count, action, arguments)
        heappush(self._heap, item)

    def spawn(
        self, process: Process, name: str, work: Callable[[], None], *, lazy: bool = False
    ) -> Task:
        """Start a thread of that process, now."""
        task = Task(process, name, lazy=lazy)

        def body() -> None:
            try:
                work()
            except Killed:
                pass
            finally:
                process.tasks.remove(task)

        task.greenlet = greenlet(body, self._hub)
        process.tasks.append(task)
        self.wake(task, self.now)
        return task

    def sleep(self, seconds: float) -> None:
        """The running task goes on no earlier than that."""
        if self.current is not None:
            self.wake(self.current, self.now + max(0.0, seconds))
            self.suspend()

    def suspend(self) -> None:
        """Give up until `wake` names this task. Raises Killed."""
        task = self.current
        assert task is not None
        if not task.process.alive:
            raise Killed
        self._hub.switch()
        if not task.process.alive:
            raise Killed

    def wake(self, task: Task, when: float) -> None:
        """The task goes on then, unless something else wakes it before."""
        task.wakes_at = when
        self.at(when, self._resume, task, task.turn)

    def _resume(self, task: Task, turn: int) -> None:
        if task.turn != turn or not task.process.alive or task.greenlet is None:
            return
        if task.process.paused_until > self.now:
            self.at(task.process.paused_until, self._resume, task, turn)
            return
        self._switch(task)

    def _switch(self, task: Task) -> None:
        assert task.greenlet is not None
        before, self.current = self.current, task
        task.turn += 1
        try:
            task.greenlet.switch()
        finally:
            self.current = before

    def kill(self, process: Process) -> None:
        """SIGKILL. Its tasks unwind at once, and whatever they try on the way is refused."""
        process.alive = False
        for task in list(process.tasks):
            if task is not self.current and task.greenlet is not None:
                task.greenlet.parent = greenlet.getcurrent()
                self._throw(task)
        if self.current is not None and self.current.process is process:
            raise Killed

    def _throw(self, task: Task) -> None:
        assert task.greenlet is not None
        before, self.current = self.current, task
        task.turn += 1
        try:
            if task.greenlet:
                task.greenlet.throw(Killed)
            else:  # it has not begun: its first seam ends it
                task.greenlet.switch()
        finally:
            self.current = before

    def run(self, until: float, done: Callable[[], bool] | None = None) -> None:
        """Go on until that time, until nothing is left, or until `done`."""
        while self._heap and self._heap[0][0] <= until:
            self.now, _, _, action, arguments = heappop(self._heap)
            action(*arguments)
            if done is not None and done():
                return
        self.now = max(self.now, until)
