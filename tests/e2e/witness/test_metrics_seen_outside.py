"""Every metric, as Prometheus reads it after what it counts has happened."""

import json
import re
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener, urlopen

import pytest

from app.metrics.catalogue import CLUSTER_NAMES, INSTANCE_NAMES
from app.store import keys
from app.store.connection import connect
from cli.up import embedded
from sandbox.callbacks.signing import signature_v3
from tests.app.console.person import HIDDEN
from tests.e2e.witness.conftest import Stage
from tests.e2e.witness.witnesses import drives
from tests.waiting import PATIENCE, until

NAMES = (*INSTANCE_NAMES, *CLUSTER_NAMES)
NOW_AND_THEN = {
    *("gavel_inbox_units", "gavel_inbox_events", "gavel_inbox_oldest_age_seconds"),
    "gavel_timers_due",
}
"""Above zero only while there is more to do than is done."""


ELSEWHERE = {"gavel_queue_jobs", "gavel_pin_tries_total"}
"""Witnessed where copies wait, and where callers are asked for a PIN."""


@drives(*(f"metric {name}" for name in NAMES if name not in ELSEWHERE))
def test_each_metric_tells_what_happened(stage: Stage) -> None:
    stage.sandbox.fault("duplicate", actions=["enter"], conference="w-mute", times=1, seconds=0)
    stage.enter("w-mute")
    stage.enter("w-time-left")
    stage.until_asked("w-mute", "mute", "unmute", "deaf", "undeaf")
    stage.until_asked("w-time-left", "mute")
    with pytest.raises(HTTPError, match="403"):
        urlopen(Request(f"{stage.url}/plivo/conference", b"ConferenceName=x"), timeout=PATIENCE)
    guess_a_link(stage)
    stage.sandbox.fault("drop", actions=["enter"], conference="w-untold-entry", times=1)
    stage.sandbox.call_in("w-untold-entry")
    stage.sandbox.fault("status", status=400, actions=["kick"], conference="w-drop", times=1)
    stage.enter("w-drop")
    stage.sandbox.hang_up(leave_a_turn_behind(stage))
    stage.enter("w-record-counted")
    stage.enter("w-webhook")
    send_an_odd_recording(stage)
    stage.ask("silence", "quiet", "--conference", "w-none", "--for", "1h", "--reason", "x")
    stage.sandbox.fault("odd_fields", conference="w-mute", times=0)
    set_one_aside(stage)
    fill_redis(stage)
    rules = (stage.folder / "rules.yaml").read_text()
    (stage.folder / "rules.yaml").write_text("version: 1\nrules: [{name: x}]\n")
    try:
        until(lambda: values(stage).get("gavel_rules_broken") == 1, "broken rules")
        until(lambda: missing(stage) == set(), lambda: f"every metric; not {missing(stage)}")
    finally:
        stage.sandbox.clear_faults()
        (stage.folder / "rules.yaml").write_text(rules)
    until(lambda: values(stage)["gavel_rules_broken"] == 0, "good rules")
    assert values(stage).keys() >= NOW_AND_THEN


def send_an_odd_recording(stage: Stage) -> None:
    """A callback with a field that can not be read, signed as Plivo signs."""
    url = f"{stage.url}/plivo/recording"
    fields = {"conference_name": "w-log", "recording_id": "r-odd", "recording_end_ms": "abc"}
    signature = signature_v3(stage.plivo_token(), "POST", url, fields, "odd")
    headers = {"X-Plivo-Signature-V3": signature, "X-Plivo-Signature-V3-Nonce": "odd"}
    with urlopen(Request(url, urlencode(fields).encode(), headers), timeout=PATIENCE) as answered:
        assert answered.status == 200


def set_one_aside(stage: Stage) -> None:
    """An event that nobody can decide, as a version with other words might have left it, and a row
    that is damaged."""
    redis = connect(embedded.url(embedded.socket_path(stage.folder / "var" / "valkey")))
    event = {"id": "evt-odd", "kind": "member.entered", "conference": "w-log", "uuid": "u"}
    key = keys.conference_key("w-log")
    redis.rpush(keys.inbox(key), "1.0 " + json.dumps(event | {"data": {}}), "no event at all")
    redis.close()
    stage.enter("w-log")


def guess_a_link(stage: Stage) -> None:
    browser = build_opener(HTTPCookieProcessor())
    with browser.open(f"{stage.url}/login?once=guessed", timeout=PATIENCE) as page:
        fields = urlencode(HIDDEN.findall(page.read().decode())).encode()
    with pytest.raises(HTTPError, match="401"):
        browser.open(Request(f"{stage.url}/login/link", fields), timeout=PATIENCE)


def leave_a_turn_behind(stage: Stage) -> str:
    """What a worker leaves that dies while it decides; the call that another one decides of."""
    redis = connect(embedded.url(embedded.socket_path(stage.folder / "var" / "valkey")))
    redis.hset(keys.BEGUN, keys.conference_key("w-deaf"), "0123456789abcdef ")
    redis.close()
    return stage.enter("w-deaf")


def fill_redis(stage: Stage) -> None:
    """For a moment Redis takes nothing more."""
    redis = connect(embedded.url(embedded.socket_path(stage.folder / "var" / "valkey")))
    redis.config_set("maxmemory", "1")
    try:
        with pytest.raises(HTTPError, match="503"):
            urlopen(f"{stage.url}/readyz", timeout=PATIENCE)
    finally:
        redis.config_set("maxmemory", "0")
    redis.close()


def missing(stage: Stage) -> set[str]:
    """Which metrics are not there, or zero though something happened."""
    found = values(stage)
    return {name for name in set(NAMES) - NOW_AND_THEN - ELSEWHERE if not found.get(name)}


def values(stage: Stage) -> dict[str, float]:
    """Each metric's sum over its labels; a histogram's count."""
    found: dict[str, float] = {}
    told = re.sub("(?s)# HELP [a-z_]+ Moved to .*", "", stage.get("/metrics"))
    for line in (told + stage.get("/metrics/cluster")).splitlines():
        if parts := re.match(r"(\w+)(?:\{.*\})? (\S+)$", line):
            name = parts[1].removesuffix("_count")
            found[name] = found.get(name, 0.0) + float(parts[2])
    return found
