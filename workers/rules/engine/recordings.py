"""Recordings and transcripts: each is told once, and often after its conference has ended."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.domain.conference import Past
from app.domain.event import Event
from workers.rules.engine import timers
from workers.rules.engine.occurrence import Fact
from workers.rules.engine.state import Draft, short_hash
from workers.rules.engine.transitions import Scene

STARTED, READY, TRANSCRIBED, UNTRANSCRIBED = 1, 2, 4, 8

_FLAGS = {
    "recording.started": STARTED,
    "recording.ready": READY,
    "transcription.ready": TRANSCRIBED,
    "transcription.failed": UNTRANSCRIBED,
}
CLOCKS_DIFFER = 2.0
"""Seconds between what Plivo and we take for the same moment."""

_STOPPED_BY = {"recording.started": STARTED | READY}
"""A late `started` must not follow the finished recording."""


def recorded(scene: Scene, event: Event) -> Iterator[Fact]:
    """`recording.*` and `transcription.*`: once per recording and kind, with the facts of the
    instance that the recording is of."""
    draft, data, kind = scene.draft, event.data, event.kind
    keys = _keys(data) or (f"{event.uuid or draft.number}",)
    flags = 0
    for key in keys:
        flags |= draft.recordings.get(key, (0, 0))[1]
    if flags & _STOPPED_BY.get(kind, _FLAGS[kind]):
        scene.ignore(event, "this recording has had it already")
        return
    number = _instance(draft, event, keys)
    draft.mark_recording(keys, number, _FLAGS[kind])
    is_live = draft.live and number == draft.number
    if kind == "recording.started" and is_live:
        draft.recording = draft.awaited = True
    elif kind == "recording.ready":
        if is_live:
            draft.recording = draft.awaited = False
        timers.cancel_missing(draft, number)
    group = kind.partition(".")[0]
    over = None if is_live or number == 0 else _past(draft, event, number)
    yield Fact(kind, event.id, event.id, event.at, {group: _view(group, data)}, over=over)


def _keys(data: Mapping[str, Any]) -> tuple[str, ...]:
    """By what a recording is known again: its id and its address, either may be missing."""
    return tuple(short_hash(data[key]) for key in ("recording_id", "url") if data.get(key))


def _view(group: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    if group == "recording" and "recording_id" in data:
        return {"id": data["recording_id"], **data}
    return data


def _instance(draft: Draft, event: Event, keys: tuple[str, ...]) -> int:
    """Which instance it is of: by its UUID, by what was said of it before, by when it began, else
    the live one or the last. 0 when it is of one that nothing is known of."""
    if event.uuid:
        if event.uuid == draft.uuid:
            return draft.number
        past = draft.past_by_uuid(event.uuid)
        if past is not None:
            return past.number
        return draft.number if draft.live and not draft.uuid else 0
    for key in keys:
        if key in draft.recordings:
            return draft.recordings[key][0]
    began = event.data.get("started_at")
    if began is None or (draft.live and began >= draft.started_at - CLOCKS_DIFFER):
        return draft.number
    for past in reversed(draft.past):
        if past.started_at - CLOCKS_DIFFER <= began <= past.ended_at + CLOCKS_DIFFER:
            return past.number
    return draft.number


def _past(draft: Draft, event: Event, number: int) -> Past:
    """What is remembered of that instance; one that is too long ago has hardly any facts."""
    return draft.past_of(number) or Past(number, event.uuid, event.at, event.at)
