"""What one web server counts itself: all of its processes together, whichever of them answers the
scrape, and without Redis.

The numbers lie in memory that gunicorn's processes share. A process that is killed takes nothing
with it, for the next one goes on with its row; when gunicorn itself ends, counting begins anew.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import version

from prometheus_client import PlatformCollector, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from redis import Redis
from redis.exceptions import RedisError
from werkzeug.routing import Map

from app.metrics.accounts import AccountCells, label
from app.metrics.catalogue import BUILD, REDIS_UP, THREADS
from app.metrics.counting import HttpCells
from app.metrics.http import CODES, METHODS, OTHER, REASONS, told_of


def templates(routes: Map) -> Sequence[str]:
    """The routes by their templates, as OpenAPI writes them: few, whatever is asked for."""
    found = [path for rule in routes.iter_rules() for path in _paths(rule.rule)]
    return (*dict.fromkeys(found), OTHER)


def route_names(routes: Map) -> Mapping[str, str]:
    """By a rule as Flask has it, its template; where a rule has several, the path is the one."""
    found = {rule.rule: _paths(rule.rule) for rule in routes.iter_rules()}
    return {rule: paths[0] for rule, paths in found.items() if len(paths) == 1}


def _paths(rule: str) -> list[str]:
    if choice := re.search(r"<any\((.+)\):\w+>", rule):
        return [rule.replace(choice[0], one) for one in choice[1].split(", ")]
    return [re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)]


class InstanceMetrics:
    """A collector of prometheus-client's, and what counts. Made before gunicorn forks."""

    def __init__(self, routes: Map, redis: Redis, processes: int, threads: int) -> None:
        self._redis = redis
        self._all_threads = processes * threads
        self._routes = templates(routes)
        rows = 2 * processes + 2  # while a new generation starts, the one before still answers
        self.http = HttpCells(rows, self._routes, METHODS, CODES, REASONS)
        self.rows = rows
        self.accounts: AccountCells | None = None
        self.begin(0)

    def begin(self, row: int) -> None:
        """From now on this process counts in that row."""
        self.http.begin(row, os.getpid())
        if self.accounts is not None:
            self.accounts.begin(row)

    def collect(self) -> Iterator[Metric]:
        """Every metric as it stands now."""
        http, rows = self.http, [row for row in self.http.cells.rows() if row[HttpCells.PID]]
        total = [sum(column) for column in zip(*rows, strict=True)] or [0.0] * http.columns
        found = told_of(http, total)
        if self.accounts is not None:
            for account, samples in self.accounts.told():
                label(found, account, samples)
        yield from found
        build = GaugeMetricFamily(BUILD.name, BUILD.meaning, labels=BUILD.labels)
        build.add_metric((version("gavel"),), 1.0)
        yield build
        busy = total[HttpCells.BUSY]
        threads = GaugeMetricFamily(THREADS.name, THREADS.meaning, labels=THREADS.labels)
        threads.add_metric(("busy",), busy)
        threads.add_metric(("idle",), max(0.0, self._all_threads - busy))
        yield threads
        yield GaugeMetricFamily(REDIS_UP.name, REDIS_UP.meaning, value=float(self._is_redis_up()))
        yield from PlatformCollector(registry=None).collect()
        yield from _processes([int(row[HttpCells.PID]) for row in rows])

    def _is_redis_up(self) -> bool:
        try:
            return bool(self._redis.ping())
        except RedisError:
            return False


def _processes(pids: Iterable[int]) -> Iterator[Metric]:
    """`process_*` of each process of this web server that lives, told apart by its number."""
    families: dict[str, Metric] = {}
    for number, pid in enumerate(pids):
        for family in ProcessCollector(pid=partial(int, pid), registry=None).collect():
            whole = families.setdefault(
                family.name, Metric(family.name, family.documentation, family.type)
            )
            for sample in family.samples:
                whole.add_sample(sample.name, {"process": str(number)}, sample.value)
    yield from families.values()
