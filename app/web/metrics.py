"""For Prometheus: `/metrics`, what this web server counts itself, and `/metrics/cluster`, what all
processes count together in Redis."""

from flask import Blueprint, Response, current_app, request
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from app.metrics.accounts import EachAccount
from app.metrics.cluster import ClusterMetrics
from app.metrics.counting import Counts
from app.metrics.instance import InstanceMetrics
from app.metrics.moved import MovedMetrics
from app.settings import Settings
from app.store.inbox import Inbox
from app.web.closed import require_token

INSTANCE = "gavel.instance"
COUNTS = "gavel.counts"
RULES = "gavel.rules"
ACCOUNTS = "gavel.accounts"
"""Where the application keeps its `InstanceMetrics`, its `Counts` and what tells of accounts, among
Flask's extensions."""


def blueprint(settings: Settings, inbox: Inbox, counts: Counts) -> Blueprint:
    """Both, in Prometheus' text format or, for who asks for it, as OpenMetrics, with exemplars.
    `METRICS_TOKEN` closes them."""
    routes = Blueprint("metrics", __name__)
    rate = settings.plivo_rate
    budget = (rate.calls, rate.seconds) if settings.account else None
    cluster = ClusterMetrics(inbox.redis, budget)
    routes.before_request(lambda: require_token(settings.metrics_token))

    @routes.get("/metrics")
    def instance() -> Response:
        own: InstanceMetrics = current_app.extensions[INSTANCE]
        asked_for_open = "application/openmetrics-text" in request.headers.get("Accept", "")
        return _told(own, MovedMetrics(cluster, open_metrics=asked_for_open))

    @routes.get("/metrics/cluster")
    def of_all() -> Response:
        counts.write()
        accounts = current_app.extensions.get(ACCOUNTS)
        return _told(cluster if accounts is None else EachAccount(cluster, accounts))

    return routes


def _told(*collectors: Collector) -> Response:
    """What these collect, in the format that is asked for."""
    registry = CollectorRegistry(auto_describe=False)
    for collector in collectors:
        registry.register(collector)
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(registry), content_type=content_type)
