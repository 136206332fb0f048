"""Which recording an event is of, and what is to be written down of it.

Plivo names a recording by its id, by its address, by both or by neither (docs/plivo.md 3), and an
answer to `record` may have none of them (7.2). In one conference one recording runs at a time; so
what does not tell itself from the one that is not finished yet is that one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from app.domain.conference import Known
from app.domain.event import Event
from app.domain.recording import PROVISIONAL, RecordingChange
from workers.rules.engine.state import MutableConference, short_hash

CLOCKS_DIFFER = 2.0
"""Seconds between what Plivo and we take for the same moment."""

MISSING = 16
"""The mark of what was found missing, beside those of the catalogue (`EventKind.mark`)."""

_OF_THE_FILE = ("url", "duration", "started_at", "ended_at", "format")

_AT_ONCE = ("recording.started", "member.entered", "record.answered")
"""Kinds of events that come as the recording begins."""

Changes = Sequence[RecordingChange]


def is_ready(state: MutableConference, id: str) -> bool:
    """Whether the file of this recording is known to be there."""
    known = state.records.get(id)
    return known is not None and known.ready


def open_ones(state: MutableConference, number: int, uuid: str = "") -> list[tuple[str, Known]]:
    """Those of an instance whose file is not there."""
    of = _same(number, short_hash(uuid))
    return [(id, one) for id, one in state.records.items() if of(one) and not one.ready]


def known_as(state: MutableConference, event: Event, number: int) -> str | None:
    """The id under which the recording of this event is kept, None for a new one."""
    id, url = event.data.get("recording_id"), short_hash(event.data.get("url", ""))
    if id in state.records:
        return str(id)
    others = list(reversed(state.records.items()))
    for kept, one in others:
        if url and one.url == url and (not id or is_provisional(kept)):
            return kept
    of = _same(number, short_hash(event.uuid))
    alike = [
        (kept, one)
        for kept, one in others
        if of(one) and (not id or is_provisional(kept)) and not (url and one.url and url != one.url)
    ]
    unfinished = next((kept for kept, one in alike if not one.ready), None)
    if unfinished is not None or event.kind == "recording.ready" or _is_asked(state, number):
        return unfinished
    return next((kept for kept, _ in alike), None)  # a start that is late, or a transcript


def marks(state: MutableConference, data: Mapping[str, Any], kept: str | None) -> tuple[str, ...]:
    """By what this recording is known again among those that were told."""
    found = [short_hash(data[key]) for key in ("recording_id", "url") if data.get(key)]
    if kept is not None:
        found += [short_hash(kept), state.records[kept].url]
    return tuple(dict.fromkeys(filter(None, found)))


def begun(state: MutableConference, event: Event, number: int) -> Changes:
    """A recording began, as this event tells."""
    return _note(state, event, number, known_as(state, event, number))


def learn(state: MutableConference, event: Event, number: int, kept: str | None) -> Changes:
    """What an event tells of the recording that is kept under that id (None: of a new one)."""
    data = event.data
    if event.kind == "recording.ready":
        facts = {name: data[name] for name in _OF_THE_FILE if name in data}
        return _note(state, event, number, kept, {**facts, "state": "ready"})
    if event.kind == "transcription.ready":
        said = {"transcript": data["text"], "transcript_state": "ready", "transcript_at": event.at}
        return _note(state, event, number, kept, said)
    if event.kind == "transcription.failed":
        failed = {"transcript_state": "failed", "transcript_error": data["error"]}
        return _note(state, event, number, kept, {}, failed)
    return _note(state, event, number, kept)


def repeated(state: MutableConference, event: Event, number: int, kept: str | None) -> Changes:
    """What was told before may now be told with more."""
    if kept is None or not event.kind.startswith("recording."):
        return ()
    facts = {name: event.data[name] for name in _OF_THE_FILE if name in event.data}
    return _note(state, event, number, kept, {}, facts)


def asked(state: MutableConference, event: Event) -> Changes:
    """A record call was answered: what the answer tells, and who asked."""
    data = event.data
    one = next((row for row in state.asked if row[0] == data["call"]), None)
    kept = next((kept for kept, known in state.records.items() if known.call == data["call"]), None)
    if one is None and kept is None:
        return ()
    number = one[4] if one is not None else state.records[kept or ""].number
    kept = kept or known_as(state, event, number)
    api_id = {"api_id": data["api_id"]} if data.get("api_id") else {}
    return _note(state, event, number, kept, api_id)


def forget_asked(state: MutableConference, call: str) -> None:
    """The call was not made."""
    state.asked = tuple(row for row in state.asked if row[0] != call)


def over(state: MutableConference, at: float) -> Changes:
    """The live instance ends: who was there while it was recorded."""
    return tuple(
        RecordingChange(id, {"members": state.present(state.number, known.began, at)})
        for id, known in open_ones(state, state.number, state.uuid)
    )


def missing(state: MutableConference, event: Event, number: int) -> Changes:
    """The recordings of that instance have not come, said once of each; nothing may ever have been
    told of one."""
    gone = {"state": "missing"}
    found = [id for id, _ in open_ones(state, number, _uuid(state, number))]
    changes = tuple(
        RecordingChange(id, gone)
        for id in found
        if not state.recordings.get(short_hash(id), (0, 0))[1] & MISSING
    )
    changes = changes if found else tuple(_note(state, event, number, None, gone))
    for change in changes:
        state.mark_recording((short_hash(change.id),), number, MISSING)
    return changes


def _note(
    state: MutableConference,
    event: Event,
    number: int,
    kept: str | None,
    known: Mapping[str, Any] | None = None,
    gaps: Mapping[str, Any] | None = None,
) -> Changes:
    """Remember what tells it from others, and write down the rest."""
    data, before = event.data, state.records.get(kept or "", Known(number))
    id = data.get("recording_id") or kept or _new_id(state, event, number)
    began = before.began or data.get("started_at") or _heard_begin(event)
    ready = before.ready or event.kind == "recording.ready"
    call, who = before.call, {}
    if not call and (one := _claim(state, number, began or event.at)) is not None:
        call, who = one[0], {"run": one[1], "rule": one[2]}
    of = number if event.uuid or not before.number else before.number
    uuid = event.uuid or _uuid(state, of)
    if kept is not None and kept != id:
        del state.records[kept]
    url = before.url or short_hash(data.get("url", ""))
    found = Known(of, short_hash(uuid) or before.uuid, url, ready, call, began, before.archived)
    state.keep_record(id, found)
    until = data.get("ended_at", event.at)
    told: dict[str, Any] = {
        "conference": state.name,
        "heard_at": event.at,
        "number": of,
        "state": "started",
        **{name: data[name] for name in _told_early(event) if data.get(name)},
        **(gaps or {}),
    }
    sure: dict[str, Any] = {"uuid": uuid} if uuid else {}
    if event.uuid:
        sure["number"] = of
    members = state.present(of, began, until) if kept is None or ready else []
    present = {"members": members} if members else {}
    was = (kept,) if kept is not None and kept != id else ()
    return (RecordingChange(id, {**sure, **present, **who, **(known or {})}, told, was),)


def _claim(
    state: MutableConference, number: int, began: float
) -> tuple[str, str, str, float, int] | None:
    """The last record call before it began; it and those before it have had theirs."""
    fitting = [row for row in state.asked if row[4] == number and row[3] <= began + CLOCKS_DIFFER]
    if not fitting:
        return None
    state.asked = tuple(_without(state.asked, fitting))
    return fitting[-1]


def _without(rows: Iterable[Any], gone: Sequence[Any]) -> Iterable[Any]:
    return (row for row in rows if row not in gone)


def _is_asked(state: MutableConference, number: int) -> bool:
    return any(row[4] == number for row in state.asked)


def _same(number: int, uuid: str) -> Callable[[Known], bool]:
    """Tells recordings of this instance: by its UUID where both have one."""
    return lambda one: one.uuid == uuid if uuid and one.uuid else one.number == number


def _told_early(event: Event) -> Sequence[str]:
    """What an event may tell before the file is there. Of a transcript `api_id` is another one."""
    return () if event.kind.startswith("transcription.") else ("url", "api_id")


def _heard_begin(event: Event) -> float:
    """When it began, by an event that says no time: about now, or nobody knows (0)."""
    return event.at if event.kind in _AT_ONCE else 0.0


def is_provisional(id: str) -> bool:
    """Whether the id is ours, for a recording that Plivo has not named."""
    return id.startswith(PROVISIONAL)


def _new_id(state: MutableConference, event: Event, number: int) -> str:
    """For one that Plivo has not named: the same whenever the same is decided again."""
    return PROVISIONAL + short_hash(f"{state.name} {number} {event.id}", 8)


def _uuid(state: MutableConference, number: int) -> str:
    if state.live and number == state.number:
        return state.uuid
    past = state.past_of(number)
    return past.uuid if past is not None else ""
