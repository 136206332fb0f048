"""What the admin API takes, by marshmallow; the OpenAPI document is made of the same schemas."""

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from app.domain.durations import parse_duration
from app.domain.event import LONGEST_NAME
from app.domain.operator import LONGEST_REASON
from app.domain.silence import MODES
from app.errors import Unusable
from app.operators.acts import LONGEST_STEP

_WHY = {"description": "Why; kept in the journal and the audit."}
MOST_CALLS = 1000


class Seconds(fields.String):
    """A duration such as `1h30m`, as seconds."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> Any:
        text = super()._deserialize(value, attr, data, **options)
        try:
            return parse_duration(str(text))
        except ValueError as error:
            raise ValidationError(str(error)) from None


class _Body(Schema):
    class Meta:
        unknown = RAISE


class ActBody(_Body):
    """One step of `do`, done by hand."""

    do = fields.Raw(
        required=True,
        metadata={
            "description": 'One step, as under `do:` in rules.yaml: `{"mute": "all"}`, '
            '`{"speak": {"to": "all", "text": "Hello"}}`, `"record"`. '
            "Texts are said as they stand.",
            "oneOf": [
                {"type": "object", "minProperties": 1, "maxProperties": 5},
                {"type": "string", "minLength": 1, "maxLength": LONGEST_STEP},
            ],
        },
    )
    reason = fields.String(
        load_default="", validate=validate.Length(max=LONGEST_REASON), metadata=_WHY
    )
    instance = fields.String(
        load_default="",
        validate=validate.Length(max=64),
        metadata={"description": "Only if this ConferenceUUID is the live one."},
    )


class ArchiveBody(_Body):
    """A copy of a recording, once more or at last."""

    reason = fields.String(
        load_default="", validate=validate.Length(max=LONGEST_REASON), metadata=_WHY
    )


class SilenceBody(_Body):
    """Rules that do nothing for a while: one by its name, or every rule."""

    rule = fields.String(load_default="", metadata={"description": "The name of the rule."})
    every_rule = fields.Boolean(
        load_default=False,
        truthy={True},
        falsy={False},
        metadata={"description": "All rules; then name none."},
    )
    conference = fields.String(
        load_default="",
        validate=validate.Length(max=LONGEST_NAME),
        metadata={"description": "Only there, by its name; everywhere if not given."},
    )
    mode = fields.String(
        load_default="off",
        validate=validate.OneOf(MODES),
        metadata={"description": "Do nothing, all but the calls, or the calls, too."},
    )
    lasts = Seconds(
        required=True, data_key="for", metadata={"description": "How long: `1h`; at most 7 days."}
    )
    reason = fields.String(
        required=True,
        validate=validate.Length(min=1, max=LONGEST_REASON),
        metadata={"description": "Why; told wherever a rule does nothing for it."},
    )


class RetryBody(_Body):
    """Which calls to make again: by their ids, of a conference, or all, as many as were seen."""

    calls = fields.List(
        fields.String(),
        load_default=list,
        validate=validate.Length(max=MOST_CALLS),
        metadata={"description": "Ids of calls."},
    )
    conference = fields.String(
        load_default="", metadata={"description": "All of this conference, by its name."}
    )
    all = fields.Boolean(
        load_default=False,
        truthy={True},
        falsy={False},
        metadata={"description": "All; then `expect` says how many were seen."},
    )
    expect = fields.Integer(
        strict=True,
        load_default=None,
        allow_none=True,
        metadata={"description": "Refused (409) when another number of calls would be made."},
    )
    reason = fields.String(
        load_default="", validate=validate.Length(max=LONGEST_REASON), metadata=_WHY
    )


class DropBody(_Body):
    """What nobody needs any more."""

    ids = fields.List(
        fields.String(),
        required=True,
        validate=validate.Length(min=1, max=MOST_CALLS),
        metadata={"description": "Ids of calls that were given up, or of what was set aside."},
    )
    reason = fields.String(
        required=True, validate=validate.Length(min=1, max=LONGEST_REASON), metadata=_WHY
    )


def loaded(schema: type[Schema], body: Mapping[str, Any]) -> dict[str, Any]:
    """The body as the schema has it. Raises Unusable, which names the field to correct."""
    try:
        found: dict[str, Any] = schema().load(body)
    except ValidationError as error:
        field, problems = next(iter(error.messages_dict.items()))
        said = problems[0] if isinstance(problems, list) else "Not a valid list."
        raise Unusable(f"{field}: {said}") from None
    return found
