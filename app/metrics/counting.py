"""Counting: what the next commit will say, what a process tells Redis once a second, and what the
processes of one web server count together in memory.

A counter that must be exact is written by the commit of what it counts. A field of the hash in
Redis is the metric's name, then its label values, parted by `|`; a histogram has a field for each
bucket, by its upper bound, and one for the sum in microseconds.
"""

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cache
from mmap import mmap
from threading import Lock

from redis import Redis
from redis.exceptions import RedisError

from app.store import keys
from app.store.scripts import STEP_BUCKETS, times_of
from app.store.server.spaces import space_of

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds, in seconds."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A counter with its labels. Only the last label may have a value with `|` in it."""

    name: str
    meaning: str
    labels: tuple[str, ...] = ()

    def field(self, *values: object) -> str:
        """The field of the hash for these label values."""
        return "|".join((self.name, *map(str, values)))

    def add(self, counters: "Counter[str]", *values: object, number: int = 1) -> None:
        """Count so many more in what the next commit will say."""
        counters[self.field(*values)] += number


@dataclass(frozen=True, slots=True)
class Histogram:
    """A histogram of seconds, with its labels, whose values have no `|` in them."""

    name: str
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = BUCKETS

    @property
    def bounds(self) -> tuple[str, ...]:
        """The buckets by their names."""
        return _bounds(self.buckets)

    def observe(self, counters: "Counter[str]", seconds: float, *values: object) -> str:
        """Note one observation; answers the field of its bucket."""
        before = "|".join((self.name, *map(str, values)))
        field = f"{before}|{self.bounds[bisect_left(self.buckets, seconds)]}"
        counters[field] += 1
        counters[f"{before}|sum_us"] += max(0, round(seconds * 1_000_000))
        return field


@cache
def _bounds(buckets: tuple[float, ...]) -> tuple[str, ...]:
    return (*map(str, buckets), "+Inf")


STORE_STEPS = Histogram(
    "gavel_redis_command_duration_seconds",
    "How long a step in Redis took its caller, by the script.",
    ("step",),
    STEP_BUCKETS,
)


class Counts:
    """What a process counts outside of commits. It is kept here until Redis takes it. Safe for
    threads."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._counts: Counter[str] = Counter()
        self._lock = Lock()
        self._written = float("-inf")

    def count(self, field: str) -> None:
        """Count one more of what this field of the hash stands for."""
        with self._lock:
            self._counts[field] += 1

    def observe(self, *noted: tuple[Histogram, float], labels: Sequence[str] = ()) -> None:
        """Note seconds of these histograms, which have these label values."""
        with self._lock:
            for histogram, seconds in noted:
                histogram.observe(self._counts, seconds, *labels)

    def write_soon(self) -> None:
        """Write, but at most once a second: a flood of refusals costs Redis nothing."""
        if time.monotonic() - self._written >= 1:
            self.write()

    def write(self) -> None:
        """Write what was counted; while Redis is away, it stays counted here."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            self._written = time.monotonic()
        counts.update(self._steps())
        if not counts:
            return
        try:
            pipe = self._redis.pipeline(transaction=False)
            if account := space_of(self._redis):
                pipe.sadd(keys.ACCOUNTS_COUNTED, account)
            for field, number in counts.items():
                pipe.hincrby(keys.METRICS, field, number)
            pipe.execute()
        except RedisError:
            with self._lock:
                self._counts.update(counts)

    def _steps(self) -> Mapping[str, int]:
        """How long the steps took that were made through this client since it was asked last."""
        name, bounds = STORE_STEPS.name, STORE_STEPS.bounds
        found: dict[str, int] = {}
        for step, times in times_of(self._redis).items():
            counted, seconds = times.taken()
            found |= {f"{name}|{step}|{bound}": n for bound, n in zip(bounds, counted, strict=True)}
            found[f"{name}|{step}|sum_us"] = round(seconds * 1_000_000)
        return {field: number for field, number in found.items() if number}


class Cells:
    """Numbers that several processes add to, in memory that they share from before they are forked.

    Each process has a row of its own, and whoever comes after it goes on with what it left: nothing
    is lost with a process that is killed. Safe for threads.
    """

    def __init__(self, rows: int, columns: int) -> None:
        self._memory = memoryview(mmap(-1, rows * columns * 8)).cast("d")
        self._columns = columns
        self._row = 0
        self._lock = Lock()

    def take(self, row: int) -> None:
        """From now on this process adds to that row."""
        self._row = row

    def at(self, row: int) -> "Cells":
        """The same numbers, to add to another row."""
        beside = copy(self)
        beside._lock, beside._row = Lock(), row
        return beside

    def row(self, row: int) -> list[float]:
        """That row, as it is now."""
        return list(self._memory[row * self._columns : (row + 1) * self._columns])

    def set(self, column: int, number: float) -> None:
        """Set a cell of our row."""
        with self._lock:
            self._memory[self._row * self._columns + column] = number

    def add(self, column: int, number: float = 1.0) -> None:
        """Add to a cell of our row."""
        with self._lock:
            self._memory[self._row * self._columns + column] += number

    def add_all(self, numbers: Iterable[tuple[int, float]]) -> None:
        """Add to several cells of our row."""
        first = self._row * self._columns
        with self._lock:
            for column, number in numbers:
                self._memory[first + column] += number

    def rows(self) -> list[list[float]]:
        """All rows, as they are now."""
        numbers: list[float] = list(self._memory)
        return [numbers[at : at + self._columns] for at in range(0, len(numbers), self._columns)]


class HttpCells:
    """What is counted of a request: a cell for each route, method and status, for each bucket of
    each route's seconds, and for each reason to refuse a signature of each route."""

    PID, BUSY = 0, 1

    def __init__(
        self,
        rows: int,
        routes: Sequence[str],
        methods: Sequence[str],
        codes: Sequence[str],
        reasons: Sequence[str],
    ) -> None:
        """The last of each but `reasons` stands for all others."""
        self.routes, self.methods, self.codes = routes, methods, codes
        self._routes = _numbered(routes)
        self._methods, self._codes = _numbered(methods), _numbered(codes)
        self._reasons = _numbered(reasons)
        self._seconds = 2 + len(routes) * len(methods) * len(codes)
        self._failures = self._seconds + len(routes) * (len(BUCKETS) + 2)
        self.columns = self._failures + len(routes) * len(reasons)
        self.cells = Cells(rows, self.columns)

    def at(self, row: int) -> "HttpCells":
        """The same cells, to count in another row."""
        beside = copy(self)
        beside.cells = self.cells.at(row)
        return beside

    def begin(self, row: int, pid: int) -> None:
        """This process counts in that row from now on; nothing is under way in it yet."""
        self.cells.take(row)
        self.cells.set(self.PID, pid)
        self.cells.set(self.BUSY, 0)

    def requests_at(self, route: int, method: int, code: int) -> int:
        return 2 + (route * len(self._methods) + method) * len(self._codes) + code

    def seconds_at(self, route: int) -> int:
        return self._seconds + route * (len(BUCKETS) + 2)

    def failures_at(self, route: int, reason: int) -> int:
        return self._failures + route * len(self._reasons) + reason

    def enter(self) -> None:
        """A request is under way."""
        self.cells.add(self.BUSY)

    def leave(self) -> None:
        self.cells.add(self.BUSY, -1)

    def note(self, route: str, method: str, code: str, seconds: float, refused: str) -> None:
        """A request was answered. `refused`: what was wrong with its signature, or ""."""
        at = self._routes.get(route, len(self._routes) - 1)
        method_at = self._methods.get(method, len(self._methods) - 1)
        code_at = self._codes.get(code, len(self._codes) - 1)
        first = self.seconds_at(at)
        noted = [
            (self.requests_at(at, method_at, code_at), 1.0),
            (first + bisect_left(BUCKETS, seconds), 1.0),
            (first + len(BUCKETS) + 1, seconds),
        ]
        if refused:
            noted.append((self.failures_at(at, self._reasons[refused]), 1.0))
        self.cells.add_all(noted)


def _numbered(names: Sequence[str]) -> Mapping[str, int]:
    return {name: number for number, name in enumerate(names)}
