"""From a callback's fields to an Event, and what makes it the same event when it comes again.

Callbacks are told apart by content, not by the address they came to: users paste one URL where
another belongs, and Plivo sends two different messages to a recording's `callback_url`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Self

from app.domain.event import Event, new_id
from app.domain.identifiers import checked_name
from app.plivo import schemas
from app.plivo.fields import known_fields
from app.store.inbox import Identity

BRIEF_SECONDS = 2
"""Digits and floor may truly happen again soon; only an immediate repeat is a duplicate."""

ACTIONS: Mapping[str, str] = {
    "enter": "member.entered",
    "exit": "member.exited",
    "digits": "member.digits",
    "floor": "member.speaking",
    "record": "recording",
}
EVENTS: Mapping[str, str] = {
    "ConferenceEnter": "member.entered",
    "ConferenceExit": "member.exited",
    "ConferenceDigitsMatch": "member.digits",
    "ConferenceRecordStart": "recording",
    "ConferenceRecordStop": "recording",
}
MEMBER_SCHEMAS = {
    "member.entered": schemas.ENTERED,
    "member.exited": schemas.EXITED,
    "member.digits": schemas.DIGITS,
    "member.speaking": schemas.SPEAKING,
}
NEEDED = {"member.digits": ("member_id", "digits")}
DONE = {"record_done", "record done"}


@dataclass(frozen=True, slots=True)
class Callback:
    """A parsed callback. `event.conference` is empty when only the recording is known, then
    `recording_id` is not."""

    event: Event
    identity: str
    brief: bool = False
    recording_id: str = ""

    def in_conference(self, name: str) -> Self:
        """The same, of the conference that was found by its recording."""
        return replace(self, event=replace(self.event, conference=name), recording_id="")


def parse(fields: Mapping[str, str]) -> Callback:
    """The event that these fields tell of. Raises Unusable, which names the field to correct."""
    known = known_fields(fields)
    kind = _kind(known)
    if kind.startswith("member."):
        return _member(kind, known, fields)
    if kind == "recording":
        return _recording(known)
    if kind == "transcription":
        return _transcription(known, fields)
    return _unknown(known, fields)


def identities(
    callback: Callback, nonce: str, *, dedupe: float, replay: float
) -> tuple[Identity, ...]:
    """What the inbox remembers: the nonce where a signature proved it, and the content
    (docs/plivo.md 6). `dedupe` and `replay` are in seconds."""
    own = Identity(callback.identity, BRIEF_SECONDS if callback.brief else int(dedupe))
    if not nonce:
        return (own,)
    return (Identity("nonce:" + nonce, int(replay if callback.brief else dedupe)), own)


def _kind(known: Mapping[str, str]) -> str:
    if action := known.get("action"):
        return ACTIONS.get(action, "unknown")
    if event := known.get("event"):
        return EVENTS.get(event, "unknown")
    if _is_transcription(known):
        return "transcription"
    if "recording_id" in known or "record_url" in known:
        return "recording"
    return "unknown"


def _is_transcription(known: Mapping[str, str]) -> bool:
    if {"transcription", "transcription_charge", "transcription_rate"} & known.keys():
        return True
    return "error" in known and "recording_id" in known and "record_url" not in known


def _member(kind: str, known: Mapping[str, str], fields: Mapping[str, str]) -> Callback:
    if not all(name in known for name in NEEDED.get(kind, ("member_id",))):
        return _unknown(known, fields)
    event = _event(kind, known, schemas.load(MEMBER_SCHEMAS[kind], known))
    return Callback(
        event,
        _identity(
            kind,
            event.conference,
            event.uuid,
            known["member_id"],
            known.get("call_uuid", ""),
            known.get("digits", ""),
        ),
        brief=kind in {"member.digits", "member.speaking"},
    )


def _recording(known: Mapping[str, str]) -> Callback:
    """Started or ready (docs/plivo.md 3.2): ready has an address and a duration, or says so."""
    data = schemas.load(schemas.RECORDING, known)
    duration = _duration(data)
    message = known.get("message", "").lower()
    url = data.get("url") or known.get("record_file")
    done = message in DONE or (
        # Undocumented, but all that one user's RecordFile form has; a duration of 0 or -1 is not.
        known.get("event") == "ConferenceRecordStop" and duration is None
    )
    ready = url is not None and (done or (duration or 0) > 0)
    found: dict[str, Any] = {"recording_id": data.get("recording_id"), "url": url}
    if ready:
        found |= {
            "duration": duration if duration and duration > 0 else None,
            "started_at": _seconds(data.get("recording_start_ms")),
            "ended_at": _seconds(data.get("recording_end_ms")),
            "format": "wav" if str(url).partition("?")[0].lower().endswith(".wav") else "mp3",
        }
    kind = "recording.ready" if ready else "recording.started"
    present = {key: value for key, value in found.items() if value is not None}
    recording_id = known.get("recording_id", "")
    named = "conference_name" in known or not recording_id
    event = _event(kind, known, present) if named else _nameless(kind, present)
    # The two shapes of one recording differ in everything but its id.
    what = (recording_id,) if recording_id else (event.conference, event.uuid, url or "")
    return Callback(event, _identity(kind, *what), recording_id="" if named else recording_id)


def _transcription(known: Mapping[str, str], fields: Mapping[str, str]) -> Callback:
    if "recording_id" not in known:
        return _unknown(known, fields)
    data = schemas.load(schemas.TRANSCRIPTION, known)
    failed = "error" in data
    kind = "transcription.failed" if failed else "transcription.ready"
    if failed:
        data = {"recording_id": data["recording_id"], "error": data["error"]}
    else:
        data.setdefault("text", "")
    recording_id = data["recording_id"]
    if "conference_name" in known:
        return Callback(_event(kind, known, data), _identity(kind, recording_id))
    return Callback(_nameless(kind, data), _identity(kind, recording_id), recording_id=recording_id)


def _unknown(known: Mapping[str, str], fields: Mapping[str, str]) -> Callback:
    """Kept and answered 200, so that nothing new of Plivo's is lost; never acted on."""
    action = known.get("action") or known.get("event") or ""
    event = _event("callback.unknown", known, {"action": action, "fields": dict(fields)})
    told = [text for pair in sorted(fields.items()) for text in pair]
    return Callback(event, _identity("callback.unknown", *told), brief=True)


def _event(kind: str, known: Mapping[str, str], data: Mapping[str, Any]) -> Event:
    name = checked_name(known.get("conference_name", ""), "ConferenceName")
    return Event(new_id(), kind, name, 0.0, known.get("conference_uuid", ""), data)


def _nameless(kind: str, data: Mapping[str, Any]) -> Event:
    return Event(new_id(), kind, "", 0.0, "", data)


def _identity(*parts: str) -> str:
    # The length of each part goes in, so that ("ab", "c") and ("a", "bc") differ.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _duration(data: Mapping[str, Any]) -> float | None:
    """Seconds, from the milliseconds where they say more; None when neither field was there."""
    milliseconds, seconds = data.get("recording_duration_ms"), data.get("recording_duration")
    return milliseconds / 1000 if milliseconds else seconds


def _seconds(milliseconds: float | None) -> float | None:
    return milliseconds / 1000 if milliseconds and milliseconds > 0 else None
