"""The fields of a callback: the one list of those that mean something to us, with their spellings.

A callback may come as a form or query in CamelCase, as a form in snake_case, as one form field
`response` that holds a JSON object, or as a JSON body (docs/plivo.md 2 to 4). All become a
`Reading` under our names. A field that can not be read is left out and told, never a reason to lose
the rest: Plivo does not repeat what was answered 400.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from app.domain.event import checked_member
from app.domain.facts import FACTS
from app.errors import Unusable

NOTHING = {"none", "null", "nan"}
"""What unfinished durations look like when a program printed its own nothing."""
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
"""Plivo's words for what happened; a recording has started, or is ready."""
LARGEST_NUMBER = 1e15
"""Milliseconds since 1970 have thirteen digits."""


class Text(fields.String):
    """A text as sent; `spellings` are Plivo's names for it, that of the documentation first."""

    def __init__(self, *spellings: str, **options: Any) -> None:
        super().__init__(metadata={"spellings": spellings}, **options)


class MemberId(Text):
    """A member's id: decimal digits."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        try:
            return checked_member(super()._deserialize(value, attr, data, **kwargs), "it")
        except Unusable as error:
            raise ValidationError(str(error).removeprefix("it ")) from None


class Number(fields.Field[float | None]):
    """A number as text, with decimals or without: `"27"`, `"345100.00000"` (docs/plivo.md 3.2)."""

    def __init__(self, *spellings: str, **options: Any) -> None:
        super().__init__(metadata={"spellings": spellings}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float | None:
        if value.lower() in NOTHING:
            return None
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not abs(number) < LARGEST_NUMBER:
            raise ValidationError(f"must be a number, not {value[:40]!r}")
        return number


class Flag(fields.Field[bool | None]):
    """`true` or `false`. They are hints only (docs/plivo.md 0.4)."""

    def __init__(self, *spellings: str, **options: Any) -> None:
        super().__init__(metadata={"spellings": spellings}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool | None:
        said = value.lower()
        if said not in {"true", "false", *NOTHING}:
            raise ValidationError(f"must be true or false, not {value[:40]!r}")
        return {"true": True, "false": False}.get(said)


class CallbackSchema(Schema):
    """The fields that we read, beside the facts of a member. Each family takes its own; unknown
    fields are ignored (docs/plivo.md 2.1)."""

    class Meta:
        unknown = EXCLUDE

    conference_name = Text("ConferenceName", "conference_name")
    action = Text("ConferenceAction")
    event = Text("Event")
    conference_uuid = Text("ConferenceUUID", "conference_uuid")
    member_id = MemberId("ConferenceMemberID")
    first = Flag("ConferenceFirstMember")
    last = Flag("ConferenceLastMember")
    digits = Text("ConferenceDigitsMatch")
    recording_id = Text("RecordingID", "recording_id")
    record_url = Text("RecordUrl", "record_url", "url", attribute="recording_url")
    record_file = Text("RecordFile")
    recording_duration = Number("RecordingDuration", "recording_duration")
    recording_duration_ms = Number("RecordingDurationMs", "recording_duration_ms")
    recording_start_ms = Number("RecordingStartMs", "recording_start_ms")
    recording_end_ms = Number("RecordingEndMs", "recording_end_ms")
    message = Text("message")
    api_id = Text("api_id")
    transcription = Text("transcription", attribute="text")
    transcription_charge = Number("transcription_charge", attribute="charge")
    transcription_rate = Number("transcription_rate", attribute="rate")
    duration = Number("duration")
    error = Text("error")


Callback = CallbackSchema.from_dict({name: Text(*fact.spelled) for name, fact in FACTS.items()})
"""Every field that we read."""
EVERY_FIELD: Mapping[str, fields.Field[Any]] = {
    field.data_key or name: field for name, field in Callback().fields.items()
}
SPELLINGS: Mapping[str, str] = {
    spelling: name
    for name, field in EVERY_FIELD.items()
    for spelling in field.metadata["spellings"]
}
"""Plivo's name of a field -> ours."""
PLIVO_NAMES: Mapping[str, str] = {
    name: field.metadata["spellings"][0] for name, field in EVERY_FIELD.items()
}
"""What to call a field when it is wrong: as Plivo's documentation does."""

_WHO = ("member_id", *FACTS)
ENTERED = Callback(only=(*_WHO, "first", "recording_id", "record_url"))
"""`enter` may know the recording already; that is no proof of a file (docs/plivo.md 2.2 b)."""
EXITED = Callback(only=(*_WHO, "last"))
DIGITS = Callback(only=(*_WHO, "digits"))
SPEAKING = Callback(only=_WHO)
RECORDING = Callback(
    only=(
        *("recording_id", "record_url", "record_file", "message", "api_id"),
        *("recording_duration", "recording_duration_ms"),
        *("recording_start_ms", "recording_end_ms"),
    )
)
"""Both recording callbacks, before it is clear which of the two this is."""
TRANSCRIPTION = Callback(
    only=(
        *("recording_id", "transcription", "error", "duration", "api_id"),
        *("transcription_charge", "transcription_rate"),
    )
)


_TWICE = object()
"""Stands for a field that was given twice with different values."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The fields of one callback.

    `known` has those that we know under our names, trimmed, empty ones left out. `unreadable` says
    of others of them why they can not be used. `sent` is everything, under the names as sent.
    """

    sent: Mapping[str, Any]
    known: Mapping[str, str]
    unreadable: Mapping[str, str]

    def everything(self) -> dict[str, str]:
        """What was sent, as far as it is a text or a number; what is not UTF-8 is replaced."""
        texts = {key: _text(value)[0] for key, value in self.sent.items()}
        return {_shown(key): _shown(text) for key, text in texts.items() if text is not None}

    def told(self) -> dict[str, str]:
        """What could not be read, under Plivo's names."""
        return {PLIVO_NAMES[name]: why for name, why in self.unreadable.items()}

    def require(self, *names: str) -> None:
        """Raises Unusable, which names the field, when one of these could not be read."""
        for name in names:
            if problem := self.unreadable.get(name):
                raise Unusable(f"{PLIVO_NAMES[name]} {problem}")


def read(*sources: Iterable[tuple[str, Any]]) -> Reading:
    """The fields of these sources. Where two have the same field, the later one counts.

    Raises Unusable when the name of the conference is there and can not be read.
    """
    merged: dict[str, Any] = {}
    for source in sources:
        merged |= _without_repeats(source)
    known: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    for key, value in merged.items():
        name = SPELLINGS.get(key)
        if name is None:
            continue
        text, problem = _text(value)
        if problem:
            unreadable[name] = problem
        elif text is not None:
            text = text if name == "conference_name" else text.strip()
            if text or name == "transcription":  # a silent recording has an empty transcript
                known[name] = text
    reading = Reading(merged, known, unreadable)
    if unreadable:
        reading.require("conference_name")
    return reading


def load(schema: Schema, reading: Reading, *identifying: str) -> dict[str, Any]:
    """The typed fields of a family, without those that say nothing. What could not be read is left
    out; `unreadable` then tells of each, under Plivo's name, why.

    Raises Unusable, which names the field, when one of the `identifying` ones is wrong.
    """
    unreadable = dict(reading.unreadable)
    for name, words in (("action", ACTIONS), ("event", EVENTS)):
        if (said := reading.known.get(name)) is not None and said not in words:
            unreadable[name] = f"is not known: {said[:40]!r}"
    try:
        data: Any = schema.load(reading.known)
    except ValidationError as error:
        data = error.valid_data
        unreadable |= {name: problems[0] for name, problems in error.messages_dict.items()}
    found = {key: value for key, value in data.items() if value is not None}
    if unreadable:
        left_out = replace(reading, unreadable=unreadable)
        left_out.require(*identifying)
        found["unreadable"] = left_out.told()
    return found


def _without_repeats(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    # The signature covers values in sorted order, so it does not fix which of two came first.
    found: dict[str, Any] = {}
    for key, value in pairs:
        if found.setdefault(key, value) != value:
            found[key] = _TWICE
    return found


def _text(value: Any) -> tuple[str | None, str]:
    """A value as the text that a form would carry, None for none; and why it can not be used."""
    if isinstance(value, str):
        return value, "" if value.isascii() or _is_utf8(value) else "is not UTF-8 text"
    if isinstance(value, bool):
        return "true" if value else "false", ""
    if isinstance(value, int | float):
        return str(value), ""
    if value is _TWICE:
        return None, "was given twice with different values"
    return None, "" if value is None else "must be a text or a number"


def _is_utf8(text: str) -> bool:
    # Bytes that were not UTF-8 come as surrogates; JSON can hold half of a surrogate pair.
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _shown(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
