"""Traces and errors, seen where they go: one trace from a callback through the decision to Plivo's
answer and to a webhook's receiver; and what leaves the house in them."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from bench.chaos.callbacks import Sender, callback
from bench.chaos.edge import Edge, Fate, edge
from bench.chaos.fleet import Fleet
from tests.doubles.ingest import Ingest, Received, ingest
from tests.e2e.witness.witnesses import drives
from tests.waiting import PATIENCE, until

RULES = """
version: 1
rules:
  - name: Everyone joins muted
    when: member.entered
    do:
      - mute: member
      - webhook: {url: "%s/told", json: {hello: world}}
  - name: Somebody says so
    when: {trigger: quiet}
    do: [speak: {to: all, text: Quiet.}]
"""
TOKEN = "a-token-of-the-tests"
GIVEN = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
ROOM = "board meeting"


@contextmanager
def running(folder: Path, told: Ingest, **settings: str) -> Iterator[tuple[Fleet, Edge]]:
    with edge() as plivo:
        known = {"TRIGGER_TOKEN": TOKEN, "ALLOW_PRIVATE_WEBHOOKS": "true", "LOG_LEVEL": "info"}
        fleet = Fleet(folder, plivo.url, RULES % told.url, **known, **settings)
        try:
            fleet.start()
            yield fleet, plivo
        finally:
            fleet.stop()


async def enters(port: int, member: str) -> None:
    plivo = Sender(port)
    await plivo.post(callback(ROOM, member), f"nonce-{member}")
    plivo.close()
    await asyncio.sleep(0)


def trigger(fleet: Fleet, traceparent: str) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "traceparent": traceparent}
    headers["Content-Type"] = "application/json"
    body = json.dumps({"conference": ROOM}).encode()
    url = f"http://127.0.0.1:{fleet.port}/triggers/quiet"
    with urlopen(Request(url, body, headers), timeout=PATIENCE) as answer:
        assert answer.status == 202


def named(told: Ingest, name: str) -> Received:
    """The one span of this name; waits for it."""
    until(lambda: [span for span in told.spans if span.name == name], f"the span {name}")
    [found] = [span for span in told.spans if span.name == name]
    return found


@dataclass(frozen=True)
class Watched:
    fleet: Fleet
    plivo: Edge
    told: Ingest


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A Gavel whose every callback is traced and whose errors are reported."""
    with ingest() as told:
        settings = {"TRACES_URL": told.url, "SENTRY_DSN": told.dsn}
        with running(tmp_path_factory.mktemp("traces"), told, **settings) as (fleet, plivo):
            yield Watched(fleet, plivo, told)


@pytest.fixture
def watched(everything: Watched) -> Watched:
    everything.told.forget()
    return everything


@drives("setting TRACES_URL")
def test_one_trace_leads_from_a_callback_to_plivo_and_to_a_webhook(watched: Watched) -> None:
    told = watched.told
    asyncio.run(enters(watched.fleet.port, "7"))
    mute, webhook = named(told, "act mute"), named(told, "act webhook")
    received = named(told, "receive")
    until(lambda: [one for one in told.spans if one.id == mute.parent], "the decision")
    decided = next(one for one in told.spans if one.id == mute.parent)
    assert {one.trace for one in told.spans} == {received.trace}
    assert (received.parent, decided.name, decided.parent) == ("", "decide", received.id)
    assert webhook.parent == decided.id
    assert (received.process, decided.process, mute.process) == ("web", "worker", "worker")
    [call] = watched.plivo.calls("mute")
    assert (call.status, mute.attributes["gavel.api_id"]) == (202, "a")
    [headers] = told.webhooks
    assert headers["traceparent"].startswith(f"00-{webhook.trace}-{webhook.id}-")
    logs = "".join(path.read_text() for path in watched.fleet.folder.glob("*.log"))
    assert logs.count(f"trace={received.trace}") == 3  # accept, and act twice
    for name in (b"board", b"4155550100", b"Everyone joins"):
        assert not [body for body in told.raw if name in body]


def test_a_call_that_plivo_refuses_is_an_error_without_its_words(watched: Watched) -> None:
    watched.plivo.fate = lambda _request, _before: Fate(status=400)
    asyncio.run(enters(watched.fleet.port, "8"))
    mute = named(watched.told, "act mute")
    watched.plivo.fate = lambda _request, _before: Fate()
    assert mute.failed
    assert (mute.attributes["error.type"], mute.attributes["gavel.status"]) == ("PlivoError", "400")


@drives("setting SENTRY_DSN")
def test_errors_of_the_log_reach_sentry_redacted(watched: Watched) -> None:
    fleet, told = watched.fleet, watched.told
    good = fleet.rules.read_text()
    fleet.rules.write_text(f"version: 1\n'+1 (415) 555-0177': {{name: {TOKEN}}}\nrules: []\n")
    until(lambda: told.errors, "the error")
    fleet.rules.write_text(good)
    found = told.errors[0]
    assert found["logentry"]["message"] == "rules broken, the last good ones stay"
    assert (found["level"], found["tags"]["process"]) == ("error", "worker")
    assert "0177" in found["extra"]["ids"]["problem"]
    for secret in (b"555-0177", TOKEN.encode()):
        assert not [body for body in told.raw if secret in body]


@drives("setting TRACES_SHARE")
def test_a_trace_that_began_elsewhere_goes_on_here_whatever_our_share(tmp_path: Path) -> None:
    with ingest() as told:
        settings = {"TRACES_URL": told.url, "TRACES_SHARE": "0"}
        with running(tmp_path, told, **settings) as (fleet, plivo):
            asyncio.run(enters(fleet.port, "7"))
            until(lambda: plivo.calls("mute") and told.webhooks, "what is not traced")
            trigger(fleet, f"00-{GIVEN}-{CALLER}-01")
            speak, received = named(told, "act speak"), named(told, "receive")
        assert received.parent == CALLER
        assert {one.trace for one in told.spans} == {GIVEN}
        assert speak.attributes["gavel.event"] == received.attributes["gavel.event"]
