"""From a request of Plivo's to an Event, and what makes it the same event when it comes again.

Callbacks are told apart by content, not by the address they came to: users paste one URL where
another belongs, and Plivo sends two different messages to a recording's `callback_url`.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from hashlib import blake2b
from typing import Any

from app.domain.event import Event, checked_name, new_id
from app.domain.facts import ROLE
from app.errors import Unusable
from app.plivo import schemas
from app.plivo.request import json_object
from app.plivo.schemas import ACTIONS, EVENTS, Reading
from app.plivo.signature import PlivoRequest
from app.store.inbox import Identity

BRIEF = {"member.digits", "member.speaking", "callback.unknown"}
BRIEF_SECONDS = 2
"""Digits and floor may truly happen again soon; only an immediate repeat is a duplicate."""

MEMBER_SCHEMAS = {
    "member.entered": schemas.ENTERED,
    "member.exited": schemas.EXITED,
    "member.digits": schemas.DIGITS,
    "member.speaking": schemas.SPEAKING,
}
IDENTIFYING = ("conference_uuid", "member_id", "call_uuid", "digits")
"""What tells one callback about a member of a conference from another."""
DONE = {"record_done", "record done"}
ENDS = {"recording_duration", "recording_duration_ms", "message"}
"""What a request to an `action`, or one with a word that nobody knows, has not: they may name the
recording that runs, which is no start of it (docs/plivo.md 2.3)."""
WRAPPED = "response"
"""A form field that may hold all the others as one JSON object."""


def parse(request: PlivoRequest) -> Event:
    """The event that a request tells of. Where it names a recording and no conference, the event's
    `conference` is empty. Its data has `unreadable` where fields were left out.

    Raises Unusable, which names the field, when what identifies the event is missing or wrong.
    """
    reading = schemas.read(*_sources(request))
    kind = _kind(reading)
    if request.json is not None and kind not in {"recording", "transcription"}:
        # No signature covers a JSON body. Plivo's old pages show one for recordings; whoever
        # replays a request with another body must not reach further than that.
        raise Unusable("only recording and transcription callbacks may be JSON: send a form")
    if kind == "recording":
        return _recording(reading)
    if kind == "transcription":
        return _transcription(reading)
    return _member(kind, reading) if kind in MEMBER_SCHEMAS else _unknown(reading)


def identities(event: Event, nonce: str, *, dedupe: float, replay: float) -> tuple[Identity, ...]:
    """What the inbox remembers: the nonce where a signature proved it, and the content
    (docs/plivo.md 6). `dedupe` and `replay` are in seconds."""
    brief = event.kind in BRIEF
    text = "".join(f"{len(part)}:{part}" for part in (event.kind, *_content(event)))
    digest = blake2b(text.encode(), digest_size=16).hexdigest()
    own = Identity(digest, BRIEF_SECONDS if brief else int(dedupe))
    if not nonce:
        return (own,)
    seconds = int(replay if brief else dedupe)
    while_live = event.kind.startswith("member.")
    return (Identity("nonce:" + nonce, seconds, while_live), own)


def _content(event: Event) -> tuple[str, ...]:
    """What is the same when the same callback comes again, whatever its shape."""
    data = event.data
    if event.kind == "callback.unknown":
        return tuple(text for pair in sorted(data["fields"].items()) for text in pair)
    if event.kind.startswith("member."):
        told = (data["member_id"], data.get("call_uuid", ""), data.get("digits", ""))
        return (event.conference, event.uuid, *told)
    # The two shapes of one recording differ in everything but its id.
    if recording_id := data.get("recording_id"):
        return (recording_id,)
    return (event.conference, event.uuid, data.get("url", ""))


def _sources(request: PlivoRequest) -> Iterator[Iterable[tuple[str, Any]]]:
    """The fields of a request, source by source: a later one counts more."""
    # `conference` is the name that we put into our own recording and transcription URLs.
    named = {"conference": "conference_name"}
    skipped = {WRAPPED} if request.nonce else {WRAPPED, ROLE}  # nothing unsigned gives a role
    yield [(named.get(key, key), value) for key, value in request.query if key not in skipped]
    skipped = {WRAPPED, ROLE}
    yield [(key, value) for key, value in request.fields if key not in skipped]
    for key, value in (*request.query, *request.fields):
        if key == WRAPPED and value:
            wrapped = json_object(value, f"the field `{WRAPPED}`", constant=str)
            yield [(name, found) for name, found in wrapped.items() if name != ROLE]
    if request.json is not None:
        yield [(key, value) for key, value in request.json.items() if key != ROLE]


def _kind(reading: Reading) -> str:
    """By what the callback calls itself; where that is nothing we know, by what it holds."""
    known = reading.known
    if action := known.get("action"):
        kind = ACTIONS.get(action)
    elif "action" in reading.unreadable:
        kind = None
    else:
        kind = EVENTS.get(known.get("event", ""))
    if kind:
        return kind
    present = known.keys() | reading.unreadable.keys()
    if _is_transcription(present):
        return "transcription"
    if {"recording_id", "record_url", "record_file"} & present and (
        not {"action", "member_id"} & present or ENDS & present
    ):
        return "recording"
    reading.require("action", "event")
    return "unknown"


def _is_transcription(present: Set[str]) -> bool:
    if {"transcription", "transcription_charge", "transcription_rate"} & present:
        return True
    return "error" in present and "recording_id" in present and "record_url" not in present


def _member(kind: str, reading: Reading) -> Event:
    data = schemas.load(MEMBER_SCHEMAS[kind], reading, *IDENTIFYING)
    needed = ("member_id", "digits") if kind == "member.digits" else ("member_id",)
    if not all(name in data for name in needed):
        return _unknown(reading)
    return _event(kind, reading, data)


def _recording(reading: Reading) -> Event:
    """Started or ready (docs/plivo.md 3.2): ready has an address and a duration, or says so."""
    data = schemas.load(schemas.RECORDING, reading, "recording_id")
    if "recording_id" not in data:
        reading.require("record_url", "record_file", "conference_uuid")
    url = data.get("recording_url") or data.get("record_file")
    duration = _duration(data)
    ready = url is not None and (_is_done(reading, data, duration) or (duration or 0) > 0)
    found: dict[str, Any] = {"recording_id": data.get("recording_id"), "url": url}
    if ready:
        found |= {
            "duration": duration if duration and duration > 0 else None,
            "started_at": _seconds(data.get("recording_start_ms")),
            "ended_at": _seconds(data.get("recording_end_ms")),
            "format": "wav" if str(url).partition("?")[0].lower().endswith(".wav") else "mp3",
        }
    found |= {name: data.get(name) for name in ("api_id", "unreadable")}
    present = {key: value for key, value in found.items() if value is not None}
    return _event_of_recording(
        "recording.ready" if ready else "recording.started", reading, present
    )


def _is_done(reading: Reading, data: Mapping[str, Any], duration: float | None) -> bool:
    """Does it say that it is finished, without a duration that could be read?"""
    if data.get("message", "").lower() in DONE:
        return True
    event = reading.known.get("event")
    if duration is None and event == "ConferenceRecordStop":
        # Undocumented, but all that one user's RecordFile form has; a duration of 0 or -1 is not.
        return True
    # A start has no duration, or 0 or -1: one that is there and can not be read is no start.
    unread = {"RecordingDuration", "RecordingDurationMs"} & data.get("unreadable", {}).keys()
    return bool(unread) and event != "ConferenceRecordStart" and (duration or 0) >= 0


def _transcription(reading: Reading) -> Event:
    reading.require("recording_id")
    if "recording_id" not in reading.known:
        return _unknown(reading)
    data = schemas.load(schemas.TRANSCRIPTION, reading)
    if "error" in data:
        kept = {"recording_id", "error", "api_id", "unreadable"} & data.keys()
        data = {name: data[name] for name in kept}
        return _event_of_recording("transcription.failed", reading, data)
    return _event_of_recording("transcription.ready", reading, {"text": "", **data})


def _unknown(reading: Reading) -> Event:
    """Kept and answered 200, so that nothing new of Plivo's is lost; never acted on."""
    known = reading.known
    action = known.get("action") or known.get("event") or ""
    data: dict[str, Any] = {"action": action, "fields": reading.everything()}
    if reading.unreadable:
        data["unreadable"] = reading.told()
    return _event("callback.unknown", reading, data)


def _event_of_recording(kind: str, reading: Reading, data: Mapping[str, Any]) -> Event:
    """The store finds the conference by the recording where the callback does not name it."""
    if data.get("recording_id") and "conference_name" not in reading.known:
        return Event(new_id(), kind, "", 0.0, "", data)
    return _event(kind, reading, data)


def _event(kind: str, reading: Reading, data: Mapping[str, Any]) -> Event:
    known = reading.known
    name = checked_name(known.get("conference_name", ""), "ConferenceName")
    return Event(new_id(), kind, name, 0.0, known.get("conference_uuid", ""), data)


def _duration(data: Mapping[str, Any]) -> float | None:
    """Seconds, from the milliseconds where they say more; None when neither could be read."""
    milliseconds, seconds = data.get("recording_duration_ms"), data.get("recording_duration")
    return milliseconds / 1000 if milliseconds else seconds


def _seconds(milliseconds: float | None) -> float | None:
    return milliseconds / 1000 if milliseconds and milliseconds > 0 else None
