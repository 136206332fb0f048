"""What Gavel counts, and how Prometheus reads it.

Counters live in one hash in Redis, for all processes together, written by the commit of what they
count. A field is the metric's name, then its label values, parted by `|`; a histogram has a field
for each bucket and one for the sum in microseconds. prometheus-client writes the text.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from redis import Redis
from redis.exceptions import RedisError

from app.domain.silence import read_silences
from app.store import keys
from app.store.scripts import script

UNITS_LOOKED_AT = 2000
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass(frozen=True, slots=True)
class Counted:
    """A counter with its labels."""

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
    """A histogram of seconds."""

    name: str
    meaning: str

    def observe(self, counters: "Counter[str]", seconds: float) -> None:
        """Note one observation in what the next commit will say."""
        bucket = next((str(bound) for bound in BUCKETS if seconds <= bound), "+Inf")
        counters[f"{self.name}|{bucket}"] += 1
        counters[f"{self.name}|sum_us"] += max(0, round(seconds * 1_000_000))


ACCEPTED = Counted("gavel_events_accepted_total", "Events stored.")
DUPLICATE = Counted("gavel_events_duplicate_total", "Events that came again and changed nothing.")
UNREADABLE = Counted(
    "gavel_callback_fields_unreadable_total",
    "Fields of accepted callbacks that could not be read and were left out.",
)
ANSWER_UNREADABLE = Counted(
    "gavel_answer_fields_unreadable_total",
    "Fields of the Conference API's answers that could not be read and were left out.",
)
REFUSED = Counted("gavel_requests_refused_total", "Requests refused, by HTTP status.", ("status",))
DECIDED = Counted(
    "gavel_events_decided_total", "Events held against the rules, by kind.", ("kind",)
)
SET_ASIDE = Counted("gavel_events_set_aside_total", "Events that could not be decided.")
ROWS = Counted(
    "gavel_rows_set_aside_total",
    "Rows in Redis that could not be read and were set aside, by what they were.",
    ("row",),
)
RUNS = Counted("gavel_runs_total", "Rules held against an event, by outcome.", ("outcome",))
CALLS = Counted(
    "gavel_calls_total", "Calls to the Conference API, by verb and status.", ("verb", "status")
)
FIRED = Counted("gavel_timers_fired_total", "Timers that became events.")
BY_HAND = Counted("gavel_changes_by_hand_total", "What people changed by hand.", ("verb",))
STORE_ERRORS = Counted("gavel_store_errors_total", "Errors of Redis, by kind.", ("kind",))
COUNTERS = (
    ACCEPTED,
    DUPLICATE,
    UNREADABLE,
    ANSWER_UNREADABLE,
    REFUSED,
    DECIDED,
    SET_ASIDE,
    ROWS,
    RUNS,
    CALLS,
    FIRED,
    BY_HAND,
    STORE_ERRORS,
)
LATENCY = Histogram(
    "gavel_callback_to_call_seconds",
    "From the acceptance of an event to the end of a call it led to.",
)
GAUGES: Mapping[str, str] = {
    "gavel_inbox_units": "Conferences with something to do.",
    "gavel_inbox_events": "Events that wait to be decided.",
    "gavel_inbox_oldest_seconds": "How long the oldest of them has waited.",
    "gavel_timers_set": "Timers that are set.",
    "gavel_timers_due": "Timers that are due and not fired yet.",
    "gavel_conferences_live": "Live conferences.",
    "gavel_events_set_aside": "What waits for a person: events that failed, rows that are damaged.",
    "gavel_silences": "Silences that hold now: rules that do nothing for a while.",
    "gavel_rules_broken": "1 while the rules file is broken and the last good ones run.",
}
RULES_LOADED = ("gavel_rules_loaded", "1 for the rules that run, by digest; absent without rules.")
NAMES = (*(one.name for one in COUNTERS), LATENCY.name, *GAUGES, RULES_LOADED[0])
"""Everything that `/metrics` shows."""


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

    def write_soon(self) -> None:
        """Write, but at most once a second: a flood of refusals costs Redis nothing."""
        if time.monotonic() - self._written >= 1:
            self.write()

    def write(self) -> None:
        """Write what was counted; while Redis is away, it stays counted here."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            self._written = time.monotonic()
        try:
            pipe = self._redis.pipeline(transaction=False)
            for field, number in counts.items():
                pipe.hincrby(keys.METRICS, field, number)
            pipe.execute()
        except RedisError:
            with self._lock:
                self._counts.update(counts)


class Metrics:
    """Reads all there is. Raises RedisError."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._backlog = script(redis, "backlog")
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def text(self) -> str:
        """As Prometheus' text format has it."""
        return generate_latest(self._registry).decode()

    def describe(self) -> list[Metric]:
        """Nothing, so that registering asks Redis for nothing."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Every metric as it stands now."""
        stored: Any = self._redis.hgetall(keys.METRICS)
        fields = {tuple(name.decode().split("|")): int(value) for name, value in stored.items()}
        for counted in COUNTERS:
            yield _counter(counted, fields)
        yield _histogram(LATENCY, fields)
        yield from self._gauges()

    def _gauges(self) -> Iterator[Metric]:
        units, events, oldest, timers, due, live, now = self._backlog(UNITS_LOOKED_AT)
        found: Any = self._redis.mget(keys.RULES_DIGEST, keys.RULES_BROKEN)
        digest, broken = found
        values = {
            "gavel_inbox_units": units,
            "gavel_inbox_events": events,
            "gavel_inbox_oldest_seconds": max(0.0, float(now) - float(oldest)) if oldest else 0.0,
            "gavel_timers_set": timers,
            "gavel_timers_due": due,
            "gavel_conferences_live": live,
            "gavel_events_set_aside": self._redis.llen(keys.DEAD),
            "gavel_silences": self._silences(float(now)),
            "gavel_rules_broken": int(broken is not None),
        }
        for name, meaning in GAUGES.items():
            yield GaugeMetricFamily(name, meaning, value=values[name])
        loaded = GaugeMetricFamily(*RULES_LOADED, labels=("digest",))
        if digest:
            loaded.add_metric((digest.decode(),), 1)
        yield loaded

    def _silences(self, now: float) -> int:
        rows: Any = self._redis.hvals(keys.SILENCES)
        return sum(one.until > now for one in read_silences(rows))


def _counter(counted: Counted, fields: Mapping[tuple[str, ...], int]) -> Metric:
    family = CounterMetricFamily(counted.name, counted.meaning, labels=counted.labels)
    for (name, *values), number in sorted(fields.items()):
        if name == counted.name and len(values) == len(counted.labels):
            family.add_metric(values, number)
    return family


def _histogram(histogram: Histogram, fields: Mapping[tuple[str, ...], int]) -> Metric:
    total, buckets = 0, []
    for bound in [*map(str, BUCKETS), "+Inf"]:
        total += fields.get((histogram.name, bound), 0)
        buckets.append((bound, total))
    seconds = fields.get((histogram.name, "sum_us"), 0) / 1_000_000
    family = HistogramMetricFamily(histogram.name, histogram.meaning)
    family.add_metric((), buckets=buckets, sum_value=seconds)
    return family
