"""One recording per instance: asked for once, and one in the end in whatever shape it is told."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.event import Event
from app.plivo.parse import parse
from app.plivo.request import form_pairs
from app.plivo.signature import PlivoRequest
from tests.app.builders import posted
from tests.workers.rules.engine.builders import (
    NAME,
    START,
    UUID,
    Timeline,
    book,
    rule,
    step,
    wait,
    webhook,
)
from tests.workers.rules.engine.recordings.test_records import written

ID = "93bc7c6a-3b2b-11e3"
URL = f"https://media.plivo.com/v1/Account/MA/Recording/{ID}.mp3"
KINDS = ("recording.started", "recording.ready")
TELLS = book(*(rule(kind, webhook(), name=kind) for kind in KINDS))

NOT_FINISHED = ("-1", "0", "", "0.00000", "-1.0", "None", None)
SECONDS = ("27", "27.4", "28.00000")
MILLISECONDS = ("27400", "27400.00000", None, "")


# Asked for once.


def test_while_a_recording_is_running_record_is_done_without_a_call() -> None:
    room = Timeline(book(rule("member.entered", step("record"), webhook())))
    room.enter(1)
    room.enter(2)
    assert room.runs == [("A rule", "applied")] * 2
    assert room.calls == [("record",), ("webhook",), ("webhook",)]
    assert room.decisions[1].runs[0].steps[0] == "record: a recording is running already"


def test_two_rules_that_record_are_one_call() -> None:
    twice = (step("record"), step("record"))
    when = ("conference.started", "member.entered", "member.entered")
    rules = [rule(kind, *twice, name=f"Rule {n}") for n, kind in enumerate(when)]
    room = Timeline(book(*rules))
    room.enter(1)
    assert [outcome for _, outcome in room.runs] == ["applied"] * 3
    assert room.calls == [("record",)]


def test_one_that_was_stopped_or_is_finished_is_no_longer_running() -> None:
    again = (step("record"), step("stop_recording"), step("record"), wait(5), step("record"))
    room = Timeline(book(rule("member.entered", *again)))
    room.enter(1)
    room.pass_time(5)
    assert room.calls == [("record",), ("stop_recording",), ("record",)]
    room.happen("recording.ready", recording_id=ID, url=URL)
    room.enter(2)
    assert len(room.calls) == 6


def test_one_that_calls_began_by_themselves_counts() -> None:
    room = Timeline(book(rule(("trigger", "go"), step("record"))))
    room.enter(1)
    room.happen("recording.started", recording_id=ID)
    room.happen("trigger", name="go")
    assert room.calls == []


# One in the end.


@dataclass(frozen=True)
class Callback:
    """One request of Plivo's, and how it may name the recording."""

    fields: dict[str, Any]
    shape: str

    def request(self) -> PlivoRequest:
        if self.shape == "json":
            body = json.dumps(self.fields)
            return replace(posted({}), json=json.loads(body))
        if self.shape == "response":
            return posted({"response": json.dumps(self.fields)})
        texts = {key: str(value) for key, value in self.fields.items()}
        return posted(form_pairs("&".join(f"{k}={v}" for k, v in texts.items()).encode()))


def naming(draw: st.DrawFn, id: str, url: str, known: Sequence[str]) -> dict[str, str]:
    told = draw(st.sampled_from(known))
    return {
        **({"recording_id": id} if "id" in told else {}),
        **({"record_url": url} if "url" in told else {}),
    }


@st.composite
def starts(draw: st.DrawFn, id: str = ID, url: str = URL, known: Any = None) -> Callback:
    names = naming(draw, id, url, known or ("id", "url", "id url", ""))
    lasts = draw(st.sampled_from(NOT_FINISHED))
    fields = names if lasts is None else {**names, "recording_duration": lasts}
    return spelled(draw, {**fields, "Event": "ConferenceRecordStart"})


@st.composite
def ends(draw: st.DrawFn, id: str = ID, url: str = URL, known: Any = None) -> Callback:
    """One that says it is finished: by its length, by a word, or as `RecordFile` alone does."""
    names = naming(draw, id, url, known or ("url", "id url"))
    how = draw(st.sampled_from(("length", "milliseconds", "word", "file")))
    if how == "file":
        names["RecordFile"] = names.pop("record_url")
        return spelled(draw, {**names, "Event": "ConferenceRecordStop"}, xml=True)
    if how == "word":
        word = draw(st.sampled_from(("record_done", "record done")))
        return spelled(draw, {**names, "message": word})
    told = {"recording_duration": draw(st.sampled_from(SECONDS))}
    if how == "milliseconds":
        told = {"recording_duration": "", "recording_duration_ms": "27400.00000"}
    elif (more := draw(st.sampled_from(MILLISECONDS))) is not None:
        told["recording_duration_ms"] = more
    return spelled(draw, {**names, **told, "Event": "ConferenceRecordStop"})


CAMEL = {
    "recording_id": "RecordingID",
    "record_url": "RecordUrl",
    "recording_duration": "RecordingDuration",
    "recording_duration_ms": "RecordingDurationMs",
}


def spelled(draw: st.DrawFn, fields: dict[str, Any], *, xml: bool | None = None) -> Callback:
    """By XML (3.1) or by REST in one of its shapes (3.2); by REST without an instance."""
    if xml if xml is not None else draw(st.booleans()):
        found = {CAMEL.get(key, key): value for key, value in fields.items()}
        base = {"ConferenceAction": "record", "ConferenceName": NAME, "ConferenceUUID": UUID}
        return Callback({**base, **found}, "form")
    found = {key: value for key, value in fields.items() if key != "Event"}
    if not found.keys() & {"recording_id", "record_url"}:
        found["recording_id"] = ""  # nothing else tells that it is about a recording
        found = {**found, "ConferenceAction": "record"}
    shape = draw(st.sampled_from(("form", "response", "json")))
    return Callback({"api_id": "api-1", "conference_name": NAME, **found}, shape)


def in_any_order(draw: st.DrawFn, *callbacks: Callback) -> list[Callback]:
    again = [draw(st.sampled_from(callbacks)) for _ in range(draw(st.integers(0, 4)))]
    return list(draw(st.permutations([*callbacks, *again])))


@st.composite
def one_recording(draw: st.DrawFn) -> list[Callback]:
    several = st.integers(1, 3)
    begun = [draw(starts()) for _ in range(draw(several) - 1)]
    return in_any_order(draw, *begun, *(draw(ends()) for _ in range(draw(several))))


@st.composite
def two_recordings(draw: st.DrawFn) -> list[Callback]:
    """Both by their ids, as two of one instance must be to be told apart."""
    known, told = ("id", "id url"), []
    for number in "12":
        of: Any = {"id": ID + number, "url": URL + number}
        told += [draw(starts(known=known, **of)), draw(ends(known=("id url",), **of))]
    return in_any_order(draw, *told)


def told(room: Timeline, callbacks: Sequence[Callback]) -> list[Event]:
    events = []
    for number, callback in enumerate(callbacks):
        event = replace(parse(callback.request()), id=f"r{number}", conference=NAME, at=room.at)
        events.append(event)
        room.feed(event)
        room.pass_time(0.5)
    return events


@settings(max_examples=400, deadline=None)
@given(one_recording(), st.booleans())
def test_in_whatever_shape_and_order_and_however_often_it_is_told_it_is_one(
    callbacks: list[Callback], asked: bool
) -> None:
    asks = [rule("member.entered", step("record"), name="Record")] if asked else []
    room = Timeline(book(*asks, *TELLS.rules))
    room.enter(1)
    events = told(room, callbacks)
    assert {event.kind for event in events} <= set(KINDS)
    ((id, record),) = written(room).items()
    named = any("recording_id" in event.data for event in events)
    assert (id == ID) == named
    assert record["state"] == "ready"
    assert record["url"] == URL
    assert record.get("rule") == ("Record" if asked else None)
    assert not room.conference.recording
    names = [name for name, _ in room.runs if name in KINDS]
    assert Counter(names)["recording.ready"] == 1
    assert names in (list(KINDS), list(KINDS[1:]))


@settings(max_examples=200, deadline=None)
@given(two_recordings())
def test_two_that_are_told_in_any_order_stay_two(callbacks: list[Callback]) -> None:
    room = Timeline(TELLS)
    room.enter(1)
    told(room, callbacks)
    assert {id: one["state"] for id, one in written(room).items()} == {
        ID + "1": "ready",
        ID + "2": "ready",
    }
    assert not room.conference.recording
    assert Counter(name for name, _ in room.runs)["recording.ready"] == 2


@pytest.mark.parametrize("lasts", NOT_FINISHED)
def test_what_has_no_length_is_not_finished(lasts: str | None) -> None:
    length = {} if lasts is None else {"RecordingDuration": lasts}
    fields = {"ConferenceAction": "record", "ConferenceName": NAME, "ConferenceUUID": UUID}
    callback = Callback({**fields, "RecordingID": ID, "RecordUrl": URL, **length}, "form")
    room = Timeline(TELLS)
    room.enter(1)
    told(room, [callback])
    assert room.conference.recording
    assert room.at >= START
