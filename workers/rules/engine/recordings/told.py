"""Recordings and transcripts: each is told once, and often after its conference has ended."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.domain.conference import Past
from app.domain.event import Event
from workers.rules.engine import timers
from workers.rules.engine.occurrence import Occurrence
from workers.rules.engine.recordings import copies, records
from workers.rules.engine.recordings.records import CLOCKS_DIFFER
from workers.rules.engine.state import MutableConference
from workers.rules.engine.transitions import Deciding
from workers.rules.vocabulary.triggers import EVENTS

_STARTED, _READY = "recording.started", "recording.ready"


def recorded(deciding: Deciding, event: Event) -> Iterator[Occurrence]:
    """`recording.*` and `transcription.*`: once per recording and kind, with the facts of the
    instance that the recording is of."""
    state, data, kind = deciding.state, event.data, event.kind
    number = _instance(state, event)
    kept = records.known_as(state, event, number)
    keys = records.marks(state, data, kept)
    flags = 0
    for key in keys:
        flags |= state.recordings.get(key, (0, 0))[1]
    mark = EVENTS[kind].mark
    # A late `started` must not follow the finished recording.
    if flags & (mark | EVENTS[_READY].mark if kind == _STARTED else mark):
        deciding.write_down(records.repeated(state, event, number, kept))
        deciding.ignore(event, "this recording has had it already")
        return
    changes = records.learn(state, event, number, kept)
    deciding.write_down(changes)
    kept = changes[0].id
    number = state.records[kept].number
    state.mark_recording(records.marks(state, data, kept) + keys, number, flags | mark)
    is_live = state.live and number == state.number
    if kind == _STARTED and is_live:
        state.recording = state.awaited = True
    elif kind == _READY:
        others = bool(records.open_ones(state, number, event.uuid))
        if is_live:
            state.recording, state.awaited = state.recording and others, others
        if not others:
            timers.cancel_missing(state, number)
    over = None if is_live or number == 0 else _past(state, event, number)
    yield Occurrence(kind, event.id, event.id, event.at, _views(state, event, kept), over=over)
    if kind == "transcription.ready":
        copies.want_transcript(deciding, event, kept)


def answered(deciding: Deciding, event: Event) -> None:
    """A record call was answered: what it began is known better."""
    deciding.write_down(records.asked(deciding.state, event))


def _views(state: MutableConference, event: Event, kept: str) -> Mapping[str, Mapping[str, Any]]:
    """The groups of fields that rules see of it."""
    data = event.data
    recording = copies.seen(state, kept)
    if "recording_id" in data:
        recording["id"] = data["recording_id"]
    if event.kind.startswith("recording."):
        return {"recording": {**recording, **data}}
    return {"recording": recording, "transcription": data}


def _instance(state: MutableConference, event: Event) -> int:
    """Which instance it is of: by its UUID, by what was said of it before, by when it began (first
    as if all clocks agreed), else the live one or the last. 0 when it is of one that nothing is
    known of."""
    if event.uuid:
        if event.uuid == state.uuid:
            return state.number
        past = state.past_by_uuid(event.uuid)
        if past is not None:
            return past.number
        return state.number if state.live and not state.uuid else 0
    for key in records.marks(state, event.data, None):
        if key in state.recordings:
            return state.recordings[key][0]
    began = event.data.get("started_at")
    if began is None:
        return state.number
    for slack in (0.0, CLOCKS_DIFFER):
        if state.live and began >= state.started_at - slack:
            return state.number
        for past in reversed(state.past):
            if past.started_at - slack <= began <= past.ended_at + slack:
                return past.number
    return state.number


def _past(state: MutableConference, event: Event, number: int) -> Past:
    """What is remembered of that instance; one that is too long ago has hardly any facts."""
    return state.past_of(number) or Past(number, event.uuid, event.at, event.at)
