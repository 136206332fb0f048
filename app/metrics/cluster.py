"""What `/metrics/cluster` tells: the counters in Redis and what stands there now, read for each
scrape. Every web server tells the same, so one of them is to be asked."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from prometheus_client.core import (
    CounterMetricFamily,
    Exemplar,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from redis import Redis

from app.domain.silence import read_silences
from app.metrics import catalogue
from app.metrics.catalogue import BY_HAND, COUNTERS, GAUGES, HISTOGRAMS, MOST_RULES, TIME_LIMIT
from app.metrics.counting import Counted, Histogram
from app.store import keys
from app.store.scripts import script

UNITS_LOOKED_AT = 2000
HELD_SECONDS = 5.0
"""How long ago a process may have said by which rules it works, to count."""

Stored = Mapping[str, Mapping[str, int]]
"""By a metric's name, what follows it in the fields of the hash, and the number."""

Row = tuple[Sequence[str], float]
"""Label values, and the number."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was read of Redis together: where many accounts are told, each way there counts.
    `jobs`: wake-ups that wait, then recordings to copy, waiting and by `RECORDINGS_JOBS`."""

    numbers: Mapping[bytes, bytes]
    exemplars: Mapping[bytes, bytes]
    digest: bytes | None
    broken: bytes | None
    rules: bytes | None
    silences: Sequence[bytes]
    dead: int
    given_up: int
    held: Sequence[bytes]
    taken: Sequence[bytes]
    jobs: Sequence[int]


class ClusterMetrics:
    """Reads all there is; a collector of prometheus-client's. Raises RedisError."""

    def __init__(self, redis: Redis, budget: tuple[int, float] | None = None) -> None:
        """`budget`: calls and seconds of an account's own; None: as workers tell it."""
        self._redis, self._budget = redis, budget
        self._backlog = script(redis, "backlog")

    def collect(self) -> Iterator[Metric]:
        """Every metric as it stands now."""
        kept = self._kept()
        stored, exemplars = _stored(kept)
        rules = _names(kept.rules)
        for counted in COUNTERS:
            yield _counter(counted, stored[counted.name], rules)
        for histogram in HISTOGRAMS:
            yield _histogram(histogram, stored[histogram.name], exemplars)
        values = self._values(kept)
        values["gavel_rules_broken"] = [((), float(kept.broken is not None))]
        digest = kept.digest.decode() if kept.digest else ""
        values["gavel_rules_info"] = [((digest,), 1.0)] if digest else []
        for gauge in GAUGES:
            yield _gauge(gauge.name, gauge.meaning, gauge.labels, values[gauge.name])

    def _kept(self) -> _Kept:
        with self._redis.pipeline(transaction=False) as together:
            together.hgetall(keys.METRICS)
            together.hgetall(keys.EXEMPLARS)
            together.mget(keys.RULES_DIGEST, keys.RULES_BROKEN, keys.RULES)
            together.hvals(keys.SILENCES)
            together.llen(keys.DEAD)
            together.llen(keys.GIVEN_UP)
            together.hvals(keys.RULES_HELD)
            together.lrange(keys.RULES_JOURNAL, 0, -1)
            together.llen(keys.QUEUE)
            together.llen("rq:queue:" + keys.RECORDINGS_QUEUE)
            for registry in keys.RECORDINGS_JOBS.values():
                together.zcard(registry)
            found: Any = together.execute()
        numbers, exemplars, (digest, broken, rules), *lists = found
        silences, dead, given_up, held, taken, *jobs = lists
        return _Kept(
            numbers,
            exemplars,
            digest,
            broken,
            rules,
            silences,
            dead,
            given_up,
            held,
            taken,
            jobs,
        )

    def _values(self, kept: _Kept) -> dict[str, Iterable[Row]]:
        window = self._budget[1] if self._budget else ""
        units, events, oldest, timers, due, live, now, members, used, *beats = self._backlog(
            UNITS_LOOKED_AT, window
        )
        at = float(now)
        workers = [json.loads(beat) for beat in beats]
        limit = max((worker["calls"] for worker in workers), default=0)
        limit = self._budget[0] if self._budget else limit
        busy = sum(worker["busy"] for worker in workers)
        turns = sum(worker["turns"] for worker in workers)
        held = [one for one in read_silences(kept.silences) if one.until > at]
        of_one = sum(bool(one.rule) for one in held)
        single = {
            "gavel_inbox_units": units,
            "gavel_inbox_events": events,
            "gavel_inbox_oldest_age_seconds": max(0.0, at - float(oldest)) if oldest else 0.0,
            "gavel_timers_set": timers,
            "gavel_timers_due": due,
            "gavel_conferences_live": live,
            "gavel_conference_members": members,
            "gavel_set_aside_waiting": kept.dead,
            "gavel_given_up_waiting": kept.given_up,
            "gavel_rules_versions": _versions(kept.held, at),
            "gavel_workers_alive": len(workers),
            "gavel_budget_calls_limit": limit,
            "gavel_budget_calls_remaining": max(0, limit - used),
        }
        taken = _taken(kept.taken)
        return {name: [((), float(value))] for name, value in single.items()} | {
            "gavel_queue_jobs": _jobs(kept.jobs),
            "gavel_silences": [(("rule",), of_one), (("every_rule",), len(held) - of_one)],
            "gavel_worker_turns": [(("busy",), busy), (("idle",), turns - busy)],
            "gavel_rules_taken_timestamp_seconds": [((), taken)] if taken else [],
        }


def _stored(kept: _Kept) -> tuple[Stored, Mapping[str, str]]:
    stored: dict[str, dict[str, int]] = defaultdict(dict)
    for field, counted in kept.numbers.items():
        name, _, rest = field.decode().partition("|")
        stored[name][rest] = int(counted)
    for rest, number in stored.pop("gavel_changes_by_hand_total", {}).items():
        now = stored[catalogue.OPERATOR_ACTIONS.name]
        now[rest] = now.get(rest, 0) + number
    return stored, {field.decode(): one.decode() for field, one in kept.exemplars.items()}


def _jobs(jobs: Sequence[int]) -> list[Row]:
    """By queue and state."""
    wake_ups, *others = jobs
    states = zip(("waiting", *keys.RECORDINGS_JOBS), others, strict=True)
    copies = [((keys.RECORDINGS_QUEUE, state), float(number)) for state, number in states]
    return [((keys.QUEUE_NAME, "waiting"), float(wake_ups)), *copies]


def _versions(held: Sequence[bytes], now: float) -> int:
    return sum(now - float(at) < HELD_SECONDS for at in held)


def _taken(entries: Sequence[bytes]) -> float:
    """When the rules that were taken last were, as the journal of rules tells; 0 when it does not.
    That a broken file is good again is told there, too, with the digest of before."""
    told = [one for entry in reversed(entries) if (one := json.loads(entry)).get("taken")]
    same = takewhile(lambda one: one.get("digest") == told[0].get("digest"), told)
    return float(min((one["at"] for one in same), default=0.0))


def _names(published: bytes | None) -> frozenset[str]:
    """The rules that may be counted by name, and what stands in the place of one."""
    names = list(json.loads(published).get("rules", {}).values()) if published else []
    return frozenset([*(names if len(names) <= MOST_RULES else ()), BY_HAND, TIME_LIMIT, ""])


def _counter(counted: Counted, stored: Mapping[str, int], rules: frozenset[str]) -> Metric:
    family = CounterMetricFamily(counted.name, counted.meaning, labels=counted.labels)
    for rest, number in sorted(stored.items()):
        values = rest.split("|", len(counted.labels) - 1) if counted.labels else []
        if counted is catalogue.RUNS:
            values = [*values, ""][:2]  # a release before did not count by rule
            if values[1] not in rules:  # of a rule that is gone: its series ends
                continue
        if len(values) == len(counted.labels):
            family.add_metric(values, number)
    return family


def _histogram(
    histogram: Histogram, stored: Mapping[str, int], exemplars: Mapping[str, str]
) -> Metric:
    family = HistogramMetricFamily(histogram.name, histogram.meaning, labels=histogram.labels)
    numbers: dict[str, dict[str, int]] = defaultdict(dict)
    for rest, number in stored.items():
        labels, _, last = rest.rpartition("|")
        numbers[labels][last] = number
    for labels, counted in sorted(numbers.items()) or ([("", {})] if not histogram.labels else []):
        before = "|".join((histogram.name, *((labels,) if labels else ())))
        total, buckets = 0, []
        for bound in histogram.bounds:
            total += counted.get(bound, 0)
            example = _exemplar(exemplars.get(f"{before}|{bound}"))
            buckets.append((bound, total, example) if example else (bound, total))
        seconds = counted.get("sum_us", 0) / 1_000_000
        family.add_metric(labels.split("|") if labels else (), buckets, seconds)
    return family


def _exemplar(stored: str | None) -> Exemplar | None:
    """An event that was counted in a bucket: its id, its seconds, when."""
    if stored is None:
        return None
    event, seconds, at = stored.split(" ")
    return Exemplar({"event": event}, float(seconds), float(at))


def _gauge(name: str, meaning: str, labels: Sequence[str], rows: Iterable[Row]) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=labels)
    for values, number in rows:
        family.add_metric(values, number)
    return family
