"""What `/metrics` told before it was split, under the names of then: for one more version."""

from collections.abc import Iterator

from prometheus_client.core import Metric
from redis.exceptions import RedisError

from app.metrics.catalogue import MOVED
from app.metrics.cluster import ClusterMetrics

_BEFORE = {now: before for before, now in MOVED.items()}
_CLASHES = {"gavel_events_set_aside"}
"""A gauge of the same name as a counter without its `_total`, which OpenMetrics does not allow."""


class MovedMetrics:
    """A collector of prometheus-client's: nothing while Redis is away."""

    def __init__(self, cluster: ClusterMetrics, *, open_metrics: bool) -> None:
        self._cluster = cluster
        self._left_out = _CLASHES if open_metrics else set()

    def collect(self) -> Iterator[Metric]:
        try:
            families = list(self._cluster.collect())
        except RedisError:
            return
        for family in families:
            now = family.name + ("_total" if family.type == "counter" else "")
            before = _BEFORE.get(now)
            if before is not None and before not in self._left_out:
                yield _renamed(family, now.removesuffix("_total"), before.removesuffix("_total"))


def _renamed(family: Metric, now: str, before: str) -> Metric:
    meaning = f"Moved to /metrics/cluster, as {now}: {family.documentation}"
    found = Metric(before, meaning, family.type)
    found.samples = [
        one._replace(name=one.name.replace(now, before, 1), exemplar=None) for one in family.samples
    ]
    return found
