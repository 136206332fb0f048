"""What a callback of each family may hold, as marshmallow schemas over our spelling.

Only what a family needs to be itself is required; the rest may be missing, and unknown fields are
ignored (docs/plivo.md 2.1).
"""

import math
from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from app.domain.identifiers import checked_member
from app.errors import Unusable
from app.plivo.fields import SPELLINGS

NOTHING = {"none", "null", "nan"}
"""What unfinished durations look like when a program printed its own nothing."""


PLIVO_NAMES = {ours: plivo for plivo, ours in reversed(SPELLINGS.items())}
"""What to call a field when it is wrong: as Plivo's documentation does."""


class MemberId(fields.String):
    """A member's id: decimal digits."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        try:
            return checked_member(super()._deserialize(value, attr, data, **kwargs), "it")
        except Unusable as error:
            raise ValidationError(str(error).removeprefix("it ")) from None


class Number(fields.Field[float | None]):
    """A number as text, with decimals or without: `"27"`, `"345100.00000"` (docs/plivo.md 3.2)."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float | None:
        if value.lower() in NOTHING:
            return None
        try:
            number = float(value)
        except ValueError:
            raise ValidationError("must be a number") from None
        if not math.isfinite(number):
            raise ValidationError("must be a number")
        return number


class Flag(fields.Field[bool | None]):
    """`true` or `false`; anything else says nothing. They are hints only (docs/plivo.md 0.4)."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool | None:
        return {"true": True, "false": False}.get(value.lower())


class CallbackSchema(Schema):
    """The base of all."""

    class Meta:
        unknown = EXCLUDE


class MemberSchema(CallbackSchema):
    """`enter`, `exit`, `floor`: who, as far as Plivo says."""

    member_id = MemberId(required=True)
    call_uuid = fields.String()
    from_ = fields.String(data_key="from", attribute="from")
    to = fields.String()
    caller_name = fields.String()
    direction = fields.String()


class EnteredSchema(MemberSchema):
    """`enter` may know the recording already; that is no proof of a file (docs/plivo.md 2.2 b)."""

    first = Flag()
    recording_id = fields.String()
    record_url = fields.String(attribute="recording_url")


class ExitedSchema(MemberSchema):
    last = Flag()


class DigitsSchema(MemberSchema):
    digits = fields.String(required=True)


class RecordingSchema(CallbackSchema):
    """Both recording callbacks, before it is clear which of the two this is."""

    recording_id = fields.String()
    record_url = fields.String(attribute="url")
    recording_duration = Number()
    recording_duration_ms = Number()
    recording_start_ms = Number()
    recording_end_ms = Number()


class TranscriptionSchema(CallbackSchema):
    recording_id = fields.String(required=True)
    transcription = fields.String(attribute="text")
    error = fields.String()
    duration = Number()
    transcription_charge = Number(attribute="charge")
    transcription_rate = Number(attribute="rate")


ENTERED = EnteredSchema()
EXITED = ExitedSchema()
DIGITS = DigitsSchema()
SPEAKING = MemberSchema()
RECORDING = RecordingSchema()
TRANSCRIPTION = TranscriptionSchema()


def load(schema: Schema, known: Mapping[str, str]) -> dict[str, Any]:
    """The typed fields, those left out that say nothing. Raises Unusable with the first field that
    is wrong."""
    try:
        data: dict[str, Any] = schema.load(known)
    except ValidationError as error:
        name, problems = next(iter(error.messages_dict.items()))
        raise Unusable(f"{PLIVO_NAMES.get(name, name)} {problems[0]}") from None
    return {key: value for key, value in data.items() if value is not None}
