"""One run: processes, Redis and Plivo under one seed, until everything has come to rest."""

import random
from collections.abc import Callable, Sequence
from typing import Any

from redis.exceptions import ConnectionError as RedisConnectionError

from tests.simulation import stdlib
from tests.simulation.faults import Faults, climate
from tests.simulation.plivo import Plivo
from tests.simulation.rules import RULES
from tests.simulation.scenario import Callback, scenario
from tests.simulation.scheduler import Killed, Process, Scheduler, Task
from tests.simulation.server import Server, Shown

EPOCH = stdlib.EPOCH
MOST_STEPS = 20_000
LONGEST = 200.0  # seconds after the last fault until which everything must have come to rest


class World:
    """`story` is what happened, for people: (when, who, what)."""

    def __init__(self, seed: int, server: Server, kinds: tuple[str, ...] = ()) -> None:
        """`kinds` of faults; none: the seed decides."""
        self.seed = seed
        self.server = server
        self.rng = random.Random(seed)
        self.scheduler = Scheduler(random.Random(self.rng.random()))
        stdlib.enter(self.scheduler)
        self.faults = Faults(random.Random(self.rng.random()), climate(self.rng, kinds))
        until = self.faults.climate.until
        self.rules = self.rng.randrange(len(RULES))
        self.new_rules = self.rng.randrange(len(RULES))
        self.changed_at = self.rng.uniform(1.0, until) if self.rng.random() < 0.2 else until * 10
        repeat = any(".every" in RULES[self.rules_at(at)] for at in (0.0, until * 2))
        leave = until + 6.0 if repeat else None  # the timers of `every` never end else
        self.callbacks = scenario(self.rng, until, leave)
        deadly = "poison" in self.faults.climate.kinds
        self.poison = self.rng.choice(self.callbacks).what if deadly else None
        self.deaths = 0  # of workers, by the poison
        self.begun: dict[str, set[str]] = {}  # event -> the turns that decided it alone
        self.budget = self.rng.choice(((3, 1.0), (5, 2.0), (20, 1.0)))
        self.hasty = seed % 4 == 3  # workers get slots ahead as if they made many calls
        self.reconciling = self.rng.random() < 0.25
        self.story: list[tuple[float, str, tuple[Any, ...]]] = []
        self.plivo = Plivo(self)
        self.webs: list[Any] = []
        self.workers: list[Any] = []
        self.tokens: dict[str, str] = {}  # of leases -> the process that took them
        self._listeners: list[tuple[Task, int]] = []
        self._next_due: float | None = None
        self._made = 0
        self._steps = 0

    @property
    def now(self) -> float:
        return self.scheduler.now

    def rules_at(self, at: float) -> int:
        """Which rules are in the file then."""
        return self.new_rules if at >= self.changed_at else self.rules

    def until_new_rules(self) -> float:
        """How long a worker need not look at the file."""
        wait = self.changed_at - self.now + 0.5
        return wait + 0.1 if wait > 0 else 100.0

    # The run.

    def run(self) -> bool:
        """Whether everything came to rest in the end."""
        from tests.simulation.system import let_die

        let_die(self)
        self.server.empty()
        for _ in range(2):
            self.start_web()
        for _ in range(self.rng.choice((1, 2, 2, 3))):
            self.start_worker()
        self.plivo.begin()
        self._plan()
        self.scheduler.at(self.faults.climate.until + 1.0, self._look)
        self._rest = False
        self.scheduler.run(self.faults.climate.until + LONGEST, self._is_over)
        self.end()
        return self._rest

    def _is_over(self) -> bool:
        self._steps += 1
        return self._rest or self._steps > MOST_STEPS

    def end(self) -> None:
        """Every process goes, so that nothing is left of this run."""
        self.faults.climate.until = 0.0
        for process in [one.process for one in (*self.webs, *self.workers)]:
            self.scheduler.kill(process)

    def _plan(self) -> None:
        climate = self.faults.climate
        if climate.failover_at is not None:
            self.scheduler.at(climate.failover_at - climate.lost_window, self._lag)
        if self.rng.random() < 0.2:
            self.scheduler.at(self.rng.uniform(1, climate.until), self._deploy)

    def _lag(self) -> None:
        climate = self.faults.climate
        assert climate.failover_at is not None
        if climate.lost_window:
            self.tell("Redis", "replica lags from here")
            self.server.keep()
        self.scheduler.at(climate.failover_at, self._fail_over)

    def _fail_over(self) -> None:
        self.tell("Redis", "fails over, losing", self.faults.climate.lost_window, "s")
        if self.faults.climate.lost_window:
            self.server.fall_back()
        self.server.forget_scripts()
        self.faults.climate.away = (self.now, self.now + self.faults.between(0.01, 1.5))

    def _deploy(self) -> None:
        for worker in [one for one in self.workers if one.process.alive]:
            self.tell(worker.process.name, "SIGTERM")
            worker.stop()
            self.start_worker()

    def _look(self) -> None:
        """At rest: nothing posted, nothing accepted and undecided, nothing to send or to ask."""
        asking = self.reconciling and self.server.searches() > 0
        over = self.plivo.under_way == 0 and not asking
        if over and self.server.at_rest(EPOCH + self.now - 3.0):
            self._rest = True
        else:
            self.scheduler.at(self.now + 1.0, self._look)

    # Processes.

    def start_web(self) -> None:
        from tests.simulation.system import Web

        self.webs.append(Web(self, self._process("web")))

    def start_worker(self) -> None:
        from tests.simulation.system import Worker

        worker = Worker(self, self._process("worker"))
        self.workers.append(worker)
        worker.start(self.rng.choice((1, 2, 3)), reconciling=self.reconciling)

    def _process(self, kind: str) -> Process:
        self._made += 1
        return Process(f"{kind}-{self._made}", self.rng.uniform(-3, 3))

    def receive(
        self, callback: Callback, nonce: str, answered: Callable[[int | None], None]
    ) -> None:
        """A callback arrives; a web process takes it, if one is there."""
        alive = [web for web in self.webs if web.process.alive]
        if not alive:
            answered(None)
            return
        web = self.rng.choice(alive)

        def work() -> None:
            status: int | None = None
            try:
                status = web.receive(callback, nonce)
            finally:
                self.tell("answers", status, callback.what)
                self.scheduler.at(self.now + 0.002, answered, status)

        self.scheduler.spawn(web.process, callback.action + callback.member, work)

    def seam(self, process: Process) -> None:
        """Between two steps: here a process is killed, or stands still. Raises Killed."""
        if self.faults.strikes("kill", self.now):
            self.kill(process)
        if self.faults.strikes("pause", self.now):
            seconds = self.faults.standstill()
            self.tell(process.name, "stands still for", round(seconds, 2), "s")
            process.paused_until = self.now + seconds
            self.scheduler.sleep(0.0)
        if not process.alive:
            raise Killed

    def kill(self, process: Process) -> None:
        if not process.alive:  # struck again while its threads unwind: one comes in its place
            raise Killed
        self.tell(process.name, "KILLED")
        again = self.start_web if process.name.startswith("web") else self.start_worker
        self.scheduler.at(self.now + self.faults.between(0.1, 1.0), again)
        self.scheduler.kill(process)

    # Redis.

    def execute(self, command: Sequence[Any], process: Process) -> Any:
        """The command as Redis carries it out, now; an error is a value."""
        if self.faults.redis_is_away(self.now):
            return RedisConnectionError("simulated: Redis is away")
        reply, queued, next_due = self.server.run(EPOCH + self.now, command)
        self.tell(self.shown(command), "->", reply)
        script = self.server.script_of(command)
        if reply and script == "take":
            self.tokens[command[4]] = process.name
        if reply is not None and script == "begin":
            first = self.server.first_of_inbox(command[3])
            self.begun.setdefault(first, set()).add(command[4])
        if queued:
            self._wake_listener()
        if next_due is not None:
            self._wake_clock(next_due - EPOCH)
        return reply

    def die_of(self, what: tuple[str, ...], process: Process) -> None:
        """The process is about to decide this; if it is the poison, it dies of it."""
        if what == self.poison:
            self.deaths += 1
            self.tell(process.name, "dies of", what)
            self.kill(process)

    def holder(self, unit: str) -> str:
        """The process that holds the lease of a unit now, by Redis; empty: none."""
        return self.tokens.get(self.server.lease_token(unit, EPOCH + self.now), "")

    def wait_for_wakeup(self, until: float) -> bool:
        """The running task waits for something in the queue; False when time is up."""
        task = self.scheduler.current
        assert task is not None
        if self.now >= until:
            return False
        self._listeners.append((task, task.turn))
        self.scheduler.wake(task, until)
        self.scheduler.suspend()
        return self.now < until

    def _wake_listener(self) -> None:
        self._listeners = [
            (task, turn) for task, turn in self._listeners if task.turn == turn and _awake(task)
        ]
        if self._listeners:
            task, _ = self._listeners.pop(self.rng.randrange(len(self._listeners)))
            self.scheduler.wake(task, self.now)

    def _wake_clock(self, due: float) -> None:
        clocks = [
            task
            for worker in self.workers
            for task in worker.process.tasks
            if task.lazy and task.idle and task.wakes_at > due
        ]
        if clocks:
            task = self.rng.choice(clocks)
            self.scheduler.wake(task, max(due, self.now) + 1e-5)

    # The story.

    def tell(self, *what: Any) -> None:
        task = self.scheduler.current
        self.story.append((self.now, task.name if task else "", what))

    def shown(self, command: Sequence[Any]) -> Shown:
        script = command[0] == "EVALSHA"
        return Shown(command, self.server.names.get(str(command[1]), "script") if script else "")


def _awake(task: Task) -> bool:
    return task.process.alive
