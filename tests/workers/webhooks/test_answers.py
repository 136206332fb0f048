"""A step's answer as data for the steps after it, over real HTTP and Valkey."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from app.store.journal import Journal
from tests.doubles.plivo_edge import PlivoEdge, answer
from tests.workers.builders import context_of, enter, paths, work_all
from workers.bootstrap import Context

SECRET = "zebra-quartz"

ASK = """
version: 1
rules:
  - name: Ask the CRM
    when: member.entered
    do:
      - webhook: {{url: "{hook}/callers", json: {{who: "{{{{ member.id }}}}"}}}}
        expires_in: 1h
        on_error: continue
      - choose:
          - if: response.json.vip | default(false)
            do:
              - play: {{to: member, url: "https://x.example.com/{{{{ response.json.song }}}}.mp3"}}
        else:
          - mute: member
      - choose: [{{if: response.status is defined, do: [{{deaf: member}}]}}]
"""

RECORD = """
version: 1
rules:
  - name: Tell the CRM of the recording
    when: conference.started
    do:
      - record: {{on_error: continue}}
      - webhook: {{url: "{hook}/recordings", json: {{id: "{{{{ recording.id }}}}"}}}}
        on_error: continue
      - unmute: all
"""


@pytest.fixture
def context(redis: Redis, plivo: PlivoEdge, crm: PlivoEdge, tmp_path: Path) -> Context:
    return context_of(redis, plivo.url, tmp_path, ASK.format(hook=crm.url))


def entries(redis: Redis, kind: str) -> list[Any]:
    return [entry for entry in Journal(redis).of("sales-1") if entry["kind"] == kind]


def test_the_steps_after_it_see_what_was_answered(
    redis: Redis, plivo: PlivoEdge, crm: PlivoEdge, context: Context
) -> None:
    crm.answers(answer(200, {"vip": True, "song": SECRET}))
    enter(redis)
    work_all(context)
    assert paths(plivo) == ["Member/1/Play/", "Member/1/Deaf/"]
    assert plivo.seen[0].json()["url"] == f"https://x.example.com/{SECRET}.mp3"


def test_journal_and_log_tell_that_there_was_an_answer_and_no_value_of_it(
    redis: Redis,
    plivo: PlivoEdge,
    crm: PlivoEdge,
    context: Context,
    caplog: pytest.LogCaptureFixture,
) -> None:
    crm.answers(answer(200, {"vip": True, "song": SECRET}))
    with caplog.at_level(logging.DEBUG):
        enter(redis)
        work_all(context)
    assert SECRET not in caplog.text
    assert caplog.records
    kept = json.dumps(list(Journal(redis).of("sales-1")))
    assert SECRET not in kept
    size = len(json.dumps({"vip": True, "song": SECRET}))
    call = next(one for one in entries(redis, "call") if one["verb"] == "webhook")
    assert call["response"] == {"status": 200, "size": size}
    told = next(e["event"] for e in entries(redis, "event") if e["event"]["kind"] == "step.done")
    assert told["data"]["response"] == {"status": 200, "size": size}
    steps = [step for run in entries(redis, "run") for step in run["steps"]]
    assert f"answered 200, {size} bytes" in steps
    assert "play 1 (by the response)" in steps
    assert SECRET.encode() not in b"".join(
        value for key in redis.keys("gavel:conference:*") if (value := redis.get(key))
    )


@pytest.mark.parametrize("body", [b"<html>", b"", b'{"vip": false}', b'{"vip": 1, "vip": 1}'])
def test_what_is_no_answer_is_absent(
    redis: Redis, plivo: PlivoEdge, crm: PlivoEdge, context: Context, body: bytes
) -> None:
    crm.answers(answer(200, body))
    enter(redis)
    work_all(context)
    assert paths(plivo) == ["Member/1/Mute/", "Member/1/Deaf/"]


def test_one_that_is_refused_tells_its_status(
    redis: Redis, plivo: PlivoEdge, crm: PlivoEdge, context: Context
) -> None:
    crm.answers(answer(410, {"vip": True, "song": "x"}))
    enter(redis)
    work_all(context)
    assert paths(plivo) == ["Member/1/Mute/", "Member/1/Deaf/"]


def test_one_that_never_went_out_tells_nothing(
    redis: Redis, plivo: PlivoEdge, crm: PlivoEdge, tmp_path: Path
) -> None:
    context = context_of(redis, plivo.url, tmp_path, ASK.format(hook="http://x:{{ 70000 }}"))
    enter(redis)
    work_all(context)
    assert paths(plivo) == ["Member/1/Mute/"]


def recording(redis: Redis, plivo: PlivoEdge, crm: PlivoEdge, folder: Path, told: bytes) -> Any:
    plivo.answers(told)
    enter(redis)
    work_all(context_of(redis, plivo.url, folder, RECORD.format(hook=crm.url)))
    assert paths(plivo)[-1] == "Member/all/Mute/"
    return [seen.json() for seen in crm.seen]


def test_after_record_the_id_of_the_recording_is_known(
    redis: Redis, plivo: PlivoEdge, crm: PlivoEdge, tmp_path: Path
) -> None:
    told = answer(202, {"recording_id": "rec-7", "url": "https://m/rec-7.mp3", "api_id": "a"})
    assert recording(redis, plivo, crm, tmp_path, told) == [{"id": "rec-7"}]
    kinds = [e["event"]["kind"] for e in entries(redis, "event")]
    assert kinds.count("record.answered") == 1


@pytest.mark.parametrize(
    "told",
    [
        answer(202, {"message": "async api spawned"}),
        answer(202, b"<html>"),
        answer(400, {"error": "already recording"}),
        answer(400, {"error": "no"}),
    ],
)
def test_where_plivo_told_no_id_the_run_goes_on_without(
    redis: Redis, plivo: PlivoEdge, crm: PlivoEdge, tmp_path: Path, told: bytes
) -> None:
    assert recording(redis, plivo, crm, tmp_path, told) == []
