"""Webhooks beside the calls to Plivo, never in their way."""

from pathlib import Path

import pytest
from redis import Redis

from app.store import keys
from app.store.journal import Journal
from tests.doubles.plivo_edge import PlivoEdge, answer
from tests.workers.builders import context_of, enter, paths, work_all, work_until
from workers.bootstrap import Context
from workers.jobs import work


def rules(hook: str) -> str:
    return f"""
version: 1
rules:
  - name: Tell the CRM
    when: member.entered
    do:
      - webhook: {{url: "{hook}/joined", json: {{who: "{{{{ member.id }}}}"}}}}
      - mute: member
  - name: Deafen at once
    when: member.entered
    do:
      - deaf: member
"""


@pytest.fixture
def context(redis: Redis, plivo: PlivoEdge, crm: PlivoEdge, tmp_path: Path) -> Context:
    return context_of(redis, plivo.url, tmp_path, rules(crm.url))


def test_a_webhook_goes_out_and_its_run_goes_on_after_it(
    redis: Redis, plivo: PlivoEdge, crm: PlivoEdge, context: Context
) -> None:
    enter(redis)
    work_all(context)
    assert [seen.json() for seen in crm.seen] == [{"who": "1"}]
    assert paths(plivo) == ["Member/1/Deaf/", "Member/1/Mute/"]
    told = [entry["verb"] for entry in Journal(redis).of("sales-1") if entry["kind"] == "call"]
    assert told == ["deaf", "webhook", "mute"]


def test_calls_to_plivo_do_not_wait_for_a_webhook(
    redis: Redis, plivo: PlivoEdge, crm: PlivoEdge, context: Context
) -> None:
    enter(redis)
    work(context, keys.conference_key("sales-1"))
    assert crm.seen == []
    assert paths(plivo) == ["Member/1/Deaf/"]


def test_a_webhook_that_is_refused_for_good_stops_its_run(
    redis: Redis, plivo: PlivoEdge, crm: PlivoEdge, context: Context
) -> None:
    crm.answers(answer(400))
    enter(redis)
    work_all(context)
    assert paths(plivo) == ["Member/1/Deaf/"]
    kinds = [e["event"]["kind"] for e in Journal(redis).of("sales-1") if e["kind"] == "event"]
    assert kinds == ["member.entered", "action.failed"]


def test_a_webhook_that_waits_for_its_next_try_holds_no_other_up(
    redis: Redis, plivo: PlivoEdge, crm: PlivoEdge, context: Context
) -> None:
    crm.answers(answer(503, None, Retry_After="3600"))
    enter(redis, "1")
    work_all(context)
    enter(redis, "2")
    work_all(context)
    assert [seen.json() for seen in crm.seen] == [{"who": "1"}, {"who": "2"}]


def test_a_webhook_is_tried_again(
    redis: Redis, plivo: PlivoEdge, crm: PlivoEdge, context: Context
) -> None:
    crm.answers(answer(503))
    enter(redis)
    work_until(context, lambda: len(crm.seen) == 2)
    assert len({seen.headers["webhook-id"] for seen in crm.seen}) == 1
