"""A turn at a conference, against a real Valkey and real HTTP."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker

from app.domain.conference import Conference
from app.domain.event import Event, new_id
from app.domain.operator import Operator
from app.domain.retention import KEPT
from app.operators.silences import Silences
from app.store import keys
from app.store.inbox import Inbox
from app.store.journal import Journal
from app.store.recordings import Recordings, Wanted
from tests.doubles.plivo_edge import DONE, PlivoEdge, Script, Seen, answer, reset
from tests.workers.builders import MUTE_EVERYONE, context_of, enter, work_all, work_until
from workers import jobs
from workers.bootstrap import Context
from workers.jobs import work

KEY = keys.conference_key("sales-1")
SPEAK = """
version: 1
rules:
  - name: Greet
    when: member.entered
    do:
      - speak: {to: member, text: "Hello."}
      - mute: member
"""

TRIGGER = """
version: 1
rules:
  - name: Quiet, please
    when: {trigger: quiet}
    do:
      - mute: all
"""

RECORD = """
version: 1
rules:
  - name: Record
    when: conference.started
    do:
      - record
"""


@pytest.fixture
def context(redis: Redis, edge: PlivoEdge, tmp_path: Path) -> Context:
    return context_of(redis, edge.url, tmp_path)


def journal(redis: Redis, kind: str, field: str) -> list[Any]:
    return [entry[field] for entry in Journal(redis).of("sales-1") if entry["kind"] == kind]


def verbs(edge: PlivoEdge) -> list[str]:
    return [seen.path.split("/Conference/sales-1/")[1] for seen in edge.seen]


def losing_the_lease(redis: Redis) -> Script:
    """To Redis, the worker died while it was sending."""

    def run(seen: Seen, connection: socket.socket) -> None:
        redis.delete(keys.lease(KEY))
        connection.sendall(DONE)

    return run


def counting(redis: Redis, undecided: list[int]) -> Script:
    """Note how many events wait undecided while the call is made."""

    def run(seen: Seen, connection: socket.socket) -> None:
        undecided.append(int(redis.llen(keys.inbox(KEY))))
        connection.sendall(DONE)

    return run


def test_an_event_becomes_a_call_and_a_story(
    redis: Redis, edge: PlivoEdge, context: Context
) -> None:
    event = enter(redis)
    work_all(context)
    assert verbs(edge) == ["Member/1/Mute/"]
    assert [told["id"] for told in journal(redis, "event", "event")] == [event]
    assert journal(redis, "run", "outcome") == ["applied"]
    assert journal(redis, "call", "status") == ["done"]
    assert redis.llen(keys.inbox(KEY)) == 0
    assert redis.get(keys.lease(KEY)) is None


def test_the_journal_says_why_rules_did_not_run_in_the_entry_of_the_event(
    redis: Redis, edge: PlivoEdge, tmp_path: Path
) -> None:
    rules = MUTE_EVERYONE + "    match: {conference: 'demo-*'}\n"
    context = context_of(redis, edge.url, tmp_path, rules)
    enter(redis)
    enter(redis, "2")
    work_all(context)
    reason = "conference.name is 'sales-1', not demo-*"
    expected = [{"reason": reason, "rules": ["Everyone joins muted"]}]
    assert journal(redis, "event", "skipped") == [expected, expected]
    assert len(list(Journal(redis).of("sales-1"))) == 2
    [kept] = redis.keys(keys.not_meant("*"))
    assert redis.ttl(kept) > KEPT.journal


def test_the_journal_keeps_what_plivo_calls_a_request_also_one_that_failed(
    redis: Redis, edge: PlivoEdge, context: Context
) -> None:
    edge.answers(answer(400, {"api_id": "a-1", "error": "no"}), answer(202, {"api_id": "a-2"}))
    enter(redis, "1")
    work_all(context)
    enter(redis, "2")
    work_all(context)
    assert journal(redis, "call", "api_id") == ["a-1", "a-2"]


def test_members_who_entered_together_are_muted_in_one_call(
    redis: Redis, edge: PlivoEdge, context: Context
) -> None:
    for member in ("1", "2", "3"):
        enter(redis, member)
    work_all(context)
    assert verbs(edge) == ["Member/1,2,3/Mute/"]


def test_a_refused_call_is_tried_again_when_its_time_comes(
    redis: Redis, edge: PlivoEdge, context: Context
) -> None:
    edge.answers(answer(503))
    enter(redis)
    work_all(context)
    assert journal(redis, "call", "status") == ["retry"]
    work_until(context, lambda: len(edge.seen) == 2)
    assert journal(redis, "call", "status") == ["retry", "done"]


def test_a_call_that_may_have_been_heard_is_not_repeated_and_its_run_goes_on(
    redis: Redis, edge: PlivoEdge, tmp_path: Path
) -> None:
    edge.scripts.append(reset)
    enter(redis)
    work_all(context_of(redis, edge.url, tmp_path, SPEAK))
    assert journal(redis, "call", "status") == ["unknown", "done"]
    assert verbs(edge) == ["Member/1/Speak/", "Member/1/Mute/"]


def test_a_step_that_failed_for_good_stops_its_run_and_can_be_retried(
    redis: Redis, edge: PlivoEdge, tmp_path: Path
) -> None:
    edge.answers(answer(400, {"error": "text is wrong"}))
    enter(redis)
    work_all(context_of(redis, edge.url, tmp_path, SPEAK))
    assert journal(redis, "call", "status") == ["failed", "dropped"]
    (kept,) = [json.loads(row) for row in redis.lrange(keys.GIVEN_UP, 0, -1)]
    assert kept["call"]["verb"] == "speak"
    told = [event["kind"] for event in journal(redis, "event", "event")]
    assert told == ["member.entered", "action.failed"]


@pytest.mark.parametrize(
    ("code", "status", "level"),
    [(401, "failed", "WARNING"), (504, "unknown", "WARNING"), (503, "retry", "INFO")],
)
def test_a_call_that_a_person_has_to_know_of_is_a_warning_in_the_log(
    redis: Redis,
    edge: PlivoEdge,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    code: int,
    status: str,
    level: str,
) -> None:
    caplog.set_level("INFO")
    edge.answers(answer(code))
    enter(redis)
    work_all(context_of(redis, edge.url, tmp_path, SPEAK))
    first = next(one for one in caplog.records if one.message == "act")
    assert (first.levelname, getattr(first, "ids", {})["status"]) == (level, status)


def test_what_a_dead_worker_was_sending_is_not_repeated_if_people_hear_it(
    redis: Redis, edge: PlivoEdge, tmp_path: Path
) -> None:
    edge.scripts.append(losing_the_lease(redis))
    enter(redis)
    context = context_of(redis, edge.url, tmp_path, SPEAK)
    work(context, KEY)
    assert journal(redis, "call", "status") == []
    work(context, KEY)
    assert journal(redis, "call", "status") == ["unknown", "done"]
    assert verbs(edge) == ["Member/1/Speak/", "Member/1/Mute/"]


def test_what_a_dead_worker_was_sending_is_repeated_if_it_is_safe(
    redis: Redis, edge: PlivoEdge, context: Context
) -> None:
    edge.scripts.append(losing_the_lease(redis))
    enter(redis)
    work(context, KEY)
    work(context, KEY)
    work_until(context, lambda: len(edge.seen) == 2)
    assert verbs(edge) == ["Member/1/Mute/", "Member/1/Mute/"]
    told = [event["kind"] for event in journal(redis, "event", "event")]
    assert told == ["member.entered"]


def test_a_decision_is_stored_before_what_people_hear_goes_out(
    redis: Redis, edge: PlivoEdge, tmp_path: Path
) -> None:
    undecided: list[int] = []
    edge.scripts += [counting(redis, undecided)] * 2
    enter(redis)
    work_all(context_of(redis, edge.url, tmp_path, SPEAK))
    assert verbs(edge) == ["Member/1/Speak/", "Member/1/Mute/"]
    assert undecided == [0, 0]


def test_only_the_first_call_of_a_turn_precedes_its_record(
    redis: Redis, edge: PlivoEdge, tmp_path: Path
) -> None:
    undecided: list[int] = []
    edge.scripts += [counting(redis, undecided)] * 2
    enter(redis)
    rules = SPEAK.replace('speak: {to: member, text: "Hello."}', "deaf: member")
    work_all(context_of(redis, edge.url, tmp_path, rules))
    assert verbs(edge) == ["Member/1/Deaf/", "Member/1/Mute/"]
    assert undecided == [1, 0]


def test_an_event_that_cannot_be_decided_is_set_aside_and_holds_nobody_up(
    redis: Redis, edge: PlivoEdge, context: Context
) -> None:
    broken = Event(new_id(), "recording.ready", "sales-1", 0.0, "", {"duration": {"a": []}})
    Inbox(redis).accept(broken, identities=[])
    enter(redis)
    work_all(context)
    assert verbs(edge) == ["Member/1/Mute/"]
    assert redis.llen(keys.inbox(KEY)) == 0


def test_a_call_for_a_conference_that_ended_meanwhile_is_not_sent(
    redis: Redis, edge: PlivoEdge, context: Context
) -> None:
    edge.answers(answer(503))
    enter(redis)
    work_all(context)
    left = {"member_id": "1", "call_uuid": "call-1", "last": True}
    Inbox(redis).accept(
        Event(new_id(), "member.exited", "sales-1", 0.0, "uuid-1", left), identities=[]
    )
    work_all(context)
    assert len(edge.seen) == 1
    assert journal(redis, "call", "status") == ["retry", "dropped"]
    kinds = [told["kind"] for told in journal(redis, "event", "event")]
    assert "action.failed" not in kinds
    assert redis.llen(keys.GIVEN_UP) == 0


def test_a_call_for_a_conference_that_we_never_saw_start_is_left_to_plivo(
    redis: Redis, edge: PlivoEdge, tmp_path: Path
) -> None:
    context = context_of(redis, edge.url, tmp_path, TRIGGER)
    event = Event(new_id(), "trigger", "sales-1", 0.0, "", {"name": "quiet", "data": {}})
    Inbox(redis).accept(event, identities=[])
    work_all(context)
    assert verbs(edge) == ["Member/all/Mute/"]


@pytest.mark.usefixtures("signals_as_before")
def test_the_stock_worker_of_rq_can_work_the_queue(
    redis: Redis, edge: PlivoEdge, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_context", lambda _account: context)
    enter(redis)
    queue = Queue(keys.QUEUE_NAME, connection=redis, serializer=JSONSerializer)
    SimpleWorker([queue], connection=redis, serializer=JSONSerializer).work(burst=True)
    assert verbs(edge) == ["Member/1/Mute/"]


def test_a_decision_and_a_call_are_logged_with_their_ids_as_fields(
    context: Context, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    event = enter(redis)

    work_all(context)

    logged = {record.message: getattr(record, "ids", {}) for record in caplog.records}
    assert logged["decide"] == {"conference": "sales-1", "events": event, "runs": 1, "calls": 1}
    assert logged["act"] == {
        "conference": "sales-1",
        "event": event,
        "call": f"{event}.0.0",
        "verb": "mute",
        "members": "1",
        "status": "done",
        "api_id": "a-1",
    }


def silencing(redis: Redis) -> Script:
    """While the call is made, somebody enters, and then the rules are silenced."""

    def run(seen: Seen, connection: socket.socket) -> None:
        enter(redis, "2")
        Silences(redis).add(Operator("anna", "cli"), seconds=60.0, reason="choir")
        connection.sendall(DONE)

    return run


def test_a_silence_holds_for_all_that_is_not_decided_yet(
    redis: Redis, edge: PlivoEdge, context: Context
) -> None:
    edge.scripts.append(silencing(redis))
    enter(redis, "1")
    work_all(context)
    enter(redis, "3")
    work_all(context)
    assert verbs(edge) == ["Member/1/Mute/"]
    assert journal(redis, "run", "outcome") == ["applied"]
    entries = [entry for entry in Journal(redis).of("sales-1") if entry["kind"] == "event"]
    reasons = [entry["skipped"][0]["reason"] for entry in entries[1:]]
    assert [reason.partition(" until")[0] for reason in reasons] == ["silenced by anna"] * 2


def test_calls_that_go_out_as_one_name_the_events_of_all(
    redis: Redis, edge: PlivoEdge, context: Context
) -> None:
    first, second = enter(redis, "1"), enter(redis, "2")
    work_all(context)
    assert verbs(edge) == ["Member/1,2/Mute/"]
    (call,) = [entry for entry in Journal(redis).of("sales-1") if entry["kind"] == "call"]
    assert (call["event"], call["with"]) == (first, [second])


@pytest.mark.parametrize("told", [{"recording_id": "r1"}, {}])
def test_a_recording_is_one_record_from_plivos_answer_to_its_file(
    redis: Redis, edge: PlivoEdge, tmp_path: Path, told: dict[str, str]
) -> None:
    context = context_of(redis, edge.url, tmp_path, RECORD)
    edge.answers(answer(202, {"api_id": "api-1", **told}))
    enter(redis)
    work_all(context)
    records = Recordings(redis)
    ([asked], _) = records.find(Wanted("sales-1"))
    assert (asked.state, asked.rule, asked.api_id) == ("started", "Record", "api-1")
    assert asked.recording_id == told.get("recording_id", "")
    data = {"recording_id": "r1", "url": "https://x/r1.mp3", "duration": 5.0}
    ready = Event(new_id(), "recording.ready", "sales-1", 0.0, "uuid-1", data)
    Inbox(redis).accept(ready, identities=[])
    work_all(context)
    (found, _) = records.find()
    assert [(one.id, one.state, one.rule, one.api_id) for one in found] == [
        ("r1", "ready", "Record", "api-1")
    ]
    whole = records.get("r1")
    assert whole is not None
    assert whole.members == [{"id": "1", "from": ""}]


ENSURED = """
version: 1
rules:
  - name: Everyone is muted
    ensure: {muted: true}
"""


def test_what_is_ensured_learns_of_each_of_its_calls_that_it_is_through(
    redis: Redis, edge: PlivoEdge, tmp_path: Path
) -> None:
    context = context_of(redis, edge.url, tmp_path, ENSURED)
    for member in ("1", "2"):
        enter(redis, member)
    work_all(context)
    assert verbs(edge) == ["Member/1,2/Mute/"]  # two calls, which went out as one
    assert len(journal(redis, "run", "rule")) == 2
    stored = redis.get(keys.conference(KEY))
    assert isinstance(stored, bytes)
    known = Conference.from_json(stored).ensured
    assert sorted(key.rpartition(".")[2] for key in known) == ["1", "2"]
    assert [one.call for one in known.values()] == ["", ""]


def test_a_list_that_shows_otherwise_is_told_with_the_call_and_a_quiet_one_is_not(
    redis: Redis, edge: PlivoEdge, tmp_path: Path
) -> None:
    context = context_of(redis, edge.url, tmp_path, ENSURED)
    enter(redis)
    work_all(context)
    at = float(redis.time()[0])
    for muted in (True, False):
        row = {"member_id": "1", "call_uuid": "call-1", "muted": muted}
        data = {"gone": False, "members": [row], "as_of": at + 60.0}
        Inbox(redis).accept(
            Event(new_id(), "conference.observed", "sales-1", 0.0, "", data), identities=[]
        )
        work_all(context)
    assert verbs(edge) == ["Member/1/Mute/"] * 2
    assert journal(redis, "run", "reason") == ["", "Plivo's list shows member 1 not muted"]
    kinds = [event["kind"] for event in journal(redis, "event", "event")]
    assert kinds.count("conference.observed") == 1


BACK = """
version: 1
rules:
  - name: Call the others
    when: member.entered
    match: {conference: sales-1}
    do: [{trigger: back, conference: sales-2}]
  - name: Back
    when: {trigger: back}
    do: [{speak: {to: all, text: "Come back."}}]
"""


def test_a_trigger_for_another_conference_is_worked_there(
    redis: Redis, edge: PlivoEdge, tmp_path: Path
) -> None:
    context = context_of(redis, edge.url, tmp_path, BACK)
    enter(redis)
    work_all(context)
    work_all(context)
    assert [seen.path.split("/Conference/")[1] for seen in edge.seen] == [
        "sales-2/Member/all/Speak/"
    ]
    assert journal(redis, "run", "steps") == [["trigger back in sales-2"]]
    told = [entry for entry in Journal(redis).of("sales-2") if entry["kind"] == "event"]
    assert [entry["event"]["kind"] for entry in told] == ["trigger"]
