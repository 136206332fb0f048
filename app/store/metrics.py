"""What Gavel counts, as Prometheus reads it.

Counters live in one hash in Redis, for all processes together, under the names shown here, labels
included. A histogram is two fields for each observation: its bucket's, and the sum.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from threading import Lock
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from app.store import keys
from app.store.scripts import script

UNITS_LOOKED_AT = 2000
LATENCY = "gavel_callback_to_call_seconds"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

MEANINGS: Mapping[str, tuple[str, str]] = {
    "gavel_events_accepted_total": ("counter", "Events stored."),
    "gavel_events_duplicate_total": ("counter", "Events that came again and changed nothing."),
    "gavel_requests_refused_total": ("counter", "Requests refused, by HTTP status."),
    "gavel_events_decided_total": ("counter", "Events held against the rules, by kind."),
    "gavel_events_set_aside_total": ("counter", "Events that could not be decided."),
    "gavel_runs_total": ("counter", "Rules held against an event, by outcome."),
    "gavel_calls_total": ("counter", "Calls to the Conference API, by verb and status."),
    "gavel_timers_fired_total": ("counter", "Timers that became events."),
    LATENCY: ("histogram", "From the acceptance of an event to the end of a call it led to."),
    "gavel_inbox_units": ("gauge", "Conferences with something to do."),
    "gavel_inbox_events": ("gauge", "Events that wait to be decided."),
    "gavel_inbox_oldest_seconds": ("gauge", "How long the oldest of them has waited."),
    "gavel_timers_set": ("gauge", "Timers that are set."),
    "gavel_timers_due": ("gauge", "Timers that are due and not fired yet."),
    "gavel_conferences_live": ("gauge", "Live conferences."),
    "gavel_events_set_aside": (
        "gauge",
        "Events that wait for a person: they failed to be decided.",
    ),
    "gavel_rules_loaded": ("gauge", "1 for the rules that run, by digest; absent without rules."),
    "gavel_rules_broken": ("gauge", "1 while the rules file is broken and the last good ones run."),
}


def observed(seconds: float) -> dict[str, int]:
    """The fields of the hash to raise for one latency, and by how much."""
    bucket = next((str(bound) for bound in BUCKETS if seconds <= bound), "+Inf")
    return {f"{LATENCY}|{bucket}": 1, f"{LATENCY}|sum_us": max(0, round(seconds * 1_000_000))}


class Refusals:
    """Counts refused requests; writes to Redis at most once a second, so that a flood of them
    costs Redis nothing."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._counts: Counter[int] = Counter()
        self._lock = Lock()
        self._written = float("-inf")

    def count(self, status: int) -> None:
        with self._lock:
            self._counts[status] += 1
            if time.monotonic() - self._written < 1:
                return
        self.write()

    def write(self) -> None:
        """Write what was counted; while Redis is away, it stays counted here."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            self._written = time.monotonic()
        try:
            pipe = self._redis.pipeline(transaction=False)
            for status, number in counts.items():
                field = f'gavel_requests_refused_total{{status="{status}"}}'
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

    def text(self) -> str:
        stored: Any = self._redis.hgetall(keys.METRICS)
        counters = {field.decode(): int(value) for field, value in stored.items()}
        lines = [*_counters(counters), *_histogram(counters), *self._gauges()]
        return "\n".join(_explained(lines)) + "\n"

    def _gauges(self) -> Iterator[str]:
        units, events, oldest, timers, due, live, now = self._backlog(UNITS_LOOKED_AT)
        age = max(0.0, float(now) - float(oldest)) if oldest else 0.0
        found: Any = self._redis.mget(keys.RULES_DIGEST, keys.RULES_BROKEN)
        digest, broken = found
        yield f"gavel_inbox_units {units}"
        yield f"gavel_inbox_events {events}"
        yield f"gavel_inbox_oldest_seconds {age:.3f}"
        yield f"gavel_timers_set {timers}"
        yield f"gavel_timers_due {due}"
        yield f"gavel_conferences_live {live}"
        yield f"gavel_events_set_aside {self._redis.llen(keys.DEAD)}"
        if digest:
            yield f'gavel_rules_loaded{{digest="{digest.decode()}"}} 1'
        yield f"gavel_rules_broken {int(broken is not None)}"


def _counters(counters: Mapping[str, int]) -> Iterator[str]:
    for field in sorted(counters):
        if "|" not in field:
            yield f"{field} {counters[field]}"


def _histogram(counters: Mapping[str, int]) -> Iterator[str]:
    total = 0
    for bound in [*map(str, BUCKETS), "+Inf"]:
        total += counters.get(f"{LATENCY}|{bound}", 0)
        yield f'{LATENCY}_bucket{{le="{bound}"}} {total}'
    yield f"{LATENCY}_sum {counters.get(f'{LATENCY}|sum_us', 0) / 1_000_000:.6f}"
    yield f"{LATENCY}_count {total}"


def _explained(lines: Iterable[str]) -> Iterator[str]:
    """The lines, each group below its HELP and TYPE."""
    last = ""
    for line in lines:
        name = line.partition("{")[0].partition(" ")[0]
        if name.startswith(LATENCY):
            name = LATENCY
        if name != last:
            kind, meaning = MEANINGS.get(name, ("untyped", "Not described."))
            yield f"# HELP {name} {meaning}"
            yield f"# TYPE {name} {kind}"
            last = name
        yield line
