"""What callers hear before or after a conference, as it is written in an entry of `conferences`."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError

from app.callers.opening import EXPECTED, PATTERN, Window
from app.domain.suggest import did_you_mean, quoted
from app.yaml.schema_errors import describe
from app.yaml.schema_fields import Choice, Json, Note, Plain, Value, kind_of
from app.yaml.tree import Map, Seq, Text
from workers.rules.vocabulary.keyed import Keyed

ADDRESS = {"shape": r"https?://\S+", "expected": "an http or https address"}
LANGUAGE = r"[a-z]{2,3}-[A-Z]{2}(-[A-Z]+)?|arb"


class Spoken(Keyed):
    text = Plain("What is said.", required=True)
    voice = Choice("The voice; WOMAN if not given.", "MAN", "WOMAN")
    language = Plain(
        "The language; en-US if not given.", shape=LANGUAGE, expected="a language like en-US"
    )


class Address(Keyed):
    url = Plain("The address.", required=True, **ADDRESS)
    method = Choice("How it is asked; POST if not given.", "GET", "POST")


class Words(Value):
    """A text that is spoken, or a mapping with it, voice and language."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> dict[str, Any]:
        return _short(value, "text", Spoken(), "a text, or a mapping with text, voice, language")

    def json_schema(self) -> Json:
        return {"anyOf": [{"type": "string"}, describe(Spoken)]}


class Sound(Value):
    """The address of a sound."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> dict[str, Any]:
        if isinstance(value, Map):
            raise ValidationError("expected the address of a sound, not a mapping")
        return _short(value, "url", Address(), ADDRESS["expected"])

    def json_schema(self) -> Json:
        return {"type": "string"}


class More(Value):
    """The address of XML to go on with, or a mapping with it and its method."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> dict[str, Any]:
        return _short(value, "url", Address(), "an address, or a mapping with url and method")

    def json_schema(self) -> Json:
        return {"anyOf": [{"type": "string"}, describe(Address)]}


def _short(value: Any, key: str, schema: Keyed, expected: str) -> dict[str, Any]:
    """A mapping, or its one needed value alone."""
    if isinstance(value, Map):
        return dict(schema.load(dict(value.items())))
    if not isinstance(value, Text) or not value.strip():
        raise ValidationError(f"expected {expected}, not {kind_of(value)}")
    try:
        return dict(schema.load({key: value}))
    except ValidationError as error:
        raise ValidationError(error.messages_dict[key]) from None


STEPS: Mapping[str, Value] = {
    "speak": Words("A text is spoken."),
    "play": Sound("A sound is played: an .mp3 or .wav that Plivo can fetch."),
    "redirect": More("The call goes on with the XML of that address."),
}
HANG_UP = "hang_up"


class Steps(Value):
    """What a call goes on with: one step, or a list of them."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> list[dict[str, Any]]:
        items = list(value) if isinstance(value, Seq) else [value]
        found: list[dict[str, Any]] = []
        problems: dict[int, Any] = {}
        for index, item in enumerate(items):
            try:
                found.append(_step(item))
            except ValidationError as error:
                problems[index] = error.messages
        if problems:
            raise ValidationError(problems if isinstance(value, Seq) else problems[0])
        for step, after in zip(found, items[1:], strict=False):
            if last := {"redirect", HANG_UP} & step.keys():
                raise ValidationError([Note.about(after, f"never reached: {last.pop()} ends it")])
        if not found:
            raise ValidationError("an empty list")
        return found

    def json_schema(self) -> Json:
        forms: list[Json] = [{"enum": [HANG_UP]}]
        for name, field in STEPS.items():
            properties = {name: {"description": field.doc, **field.json_schema()}}
            forms.append(
                {
                    "type": "object",
                    "properties": properties,
                    "required": [name],
                    "additionalProperties": False,
                }
            )
        return {"anyOf": [*forms, {"type": "array", "items": {"anyOf": forms}, "minItems": 1}]}


def _step(node: Any) -> dict[str, Any]:
    if isinstance(node, Text) and node == HANG_UP:
        return {HANG_UP: {}}
    known = (*STEPS, HANG_UP)
    if not isinstance(node, Map) or len(node) != 1:
        raise ValidationError(f"expected one of {', '.join(known)}, not {kind_of(node)}")
    [(key, value)] = node.items()
    if key == HANG_UP:
        raise ValidationError([Note.about(key, f"{HANG_UP} takes no value: write `- {HANG_UP}`")])
    if key not in STEPS:
        hint = did_you_mean(key, known)
        raise ValidationError([Note.about(key, f"unknown step {quoted(key)}{hint}")])
    try:
        return {str(key): STEPS[key].deserialize(value)}
    except ValidationError as error:
        raise ValidationError({str(key): error.messages}) from None


class Windows(Value):
    """Windows of opening hours: one text, or a list of them."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> tuple[Window, ...]:
        items = list(value) if isinstance(value, Seq) else [value]
        found: list[Window] = []
        problems: dict[int, list[str]] = {}
        for index, item in enumerate(items):
            if not isinstance(item, Text):
                problems[index] = [f"expected {EXPECTED}, not {kind_of(item)}"]
                continue
            try:
                found.append(Window.read(item))
            except ValueError as error:
                problems[index] = [str(error)]
        if problems:
            raise ValidationError(dict(problems) if isinstance(value, Seq) else problems[0])
        if not found:
            raise ValidationError("an empty list")
        return tuple(found)

    def json_schema(self) -> Json:
        text = {"type": "string", "pattern": PATTERN}
        return {"anyOf": [text, {"type": "array", "items": text, "minItems": 1}]}
