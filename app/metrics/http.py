"""What is told of requests that were answered: families of prometheus-client's, out of cells."""

from collections.abc import Sequence

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from app.metrics.catalogue import HTTP_REQUESTS, HTTP_SECONDS, SIGNATURE_FAILURES
from app.metrics.counting import BUCKETS, HttpCells

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other")
CODES = (
    *("200", "201", "202", "204", "302", "303", "304", "308", "400", "401", "403", "404", "405"),
    *("406", "408", "409", "411", "412", "413", "414", "415", "422", "429", "500", "503", "other"),
)
REASONS = ("missing", "no_nonce", "wrong")
OTHER = "other"
"""The route of an address that there is none for."""


def told_of(http: HttpCells, total: Sequence[float]) -> list[Metric]:
    """Requests, refused signatures and seconds, of the sums of these cells."""
    return [_requests(http, total), _failures(http, total), _seconds(http, total)]


def _requests(http: HttpCells, total: Sequence[float]) -> Metric:
    family = CounterMetricFamily(
        HTTP_REQUESTS.name, HTTP_REQUESTS.meaning, labels=HTTP_REQUESTS.labels
    )
    for route_number, route in enumerate(http.routes):
        for method_number, method in enumerate(http.methods):
            first = http.requests_at(route_number, method_number, 0)
            numbers = total[first : first + len(http.codes)]
            for code, number in zip(http.codes, numbers, strict=True):
                if number:
                    family.add_metric((route, method, code), number)
    return family


def _failures(http: HttpCells, total: Sequence[float]) -> Metric:
    family = CounterMetricFamily(
        SIGNATURE_FAILURES.name, SIGNATURE_FAILURES.meaning, labels=SIGNATURE_FAILURES.labels
    )
    for route_number, route in enumerate(http.routes):
        first = http.failures_at(route_number, 0)
        for reason, number in zip(REASONS, total[first : first + len(REASONS)], strict=True):
            if number:
                family.add_metric((route, reason), number)
    return family


def _seconds(http: HttpCells, total: Sequence[float]) -> Metric:
    family = HistogramMetricFamily(
        HTTP_SECONDS.name, HTTP_SECONDS.meaning, labels=HTTP_SECONDS.labels
    )
    for route_number, route in enumerate(http.routes):
        first = http.seconds_at(route_number)
        counted = total[first : first + len(BUCKETS) + 1]
        if any(counted):
            sums = [sum(counted[: at + 1]) for at in range(len(counted))]
            buckets = list(zip(HTTP_SECONDS.bounds, sums, strict=True))
            family.add_metric((route,), buckets, total[first + len(BUCKETS) + 1])
    return family
