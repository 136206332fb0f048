"""From marshmallow's errors to problems with positions."""

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from marshmallow import EXCLUDE, Schema, ValidationError, validates_schema

from app.domain.suggest import did_you_mean, quoted
from app.yaml.problems import Located, Report
from app.yaml.schema_fields import Json, Note, Value, is_empty, kind_of
from app.yaml.tree import Map, Seq, Text

UNKNOWN_KEY = "unknown key "
"""What a message begins with about a key that a mapping may not have."""


class Strict(Schema):
    """A mapping whose keys are all known. `hints` says more about keys often misplaced."""

    hints: ClassVar[Mapping[str, str]] = {}

    class Meta:
        unknown = EXCLUDE  # `refuse_unknown` words it, with all the others at once

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def refuse_unknown(self, data: Any, original: Any, **_: Any) -> None:
        known = {field.data_key or name for name, field in self.fields.items()}
        wrong = {
            str(key): [Note.about(key, f"{UNKNOWN_KEY}{quoted(key)}" + self._hint(key, known))]
            for key in original
            if key not in known
        }
        if wrong:
            raise ValidationError(dict(wrong))

    def _hint(self, key: str, known: set[str]) -> str:
        return f"; {self.hints[key]}" if key in self.hints else did_you_mean(key, known)


@cache
def reader(schema: type[Schema]) -> Schema:
    """One for all mappings: making it copies every field, and reading leaves nothing in it."""
    return schema()


_BESIDE = frozenset({"expires_in", "on_error"})  # named last in messages


class Block(Value):
    """A mapping with a schema of its own; `optional` allows nothing at all to be written."""

    def __init__(
        self, doc: str, schema: type[Schema], *, optional: bool = False, **options: Any
    ) -> None:
        super().__init__(doc, **options)
        self.schema, self.optional = schema, optional

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> Any:
        if self.optional and is_empty(value):
            return {}
        if not isinstance(value, Map):
            written = [field.data_key or name for name, field in self.schema().fields.items()]
            keys = ", ".join(sorted(written, key=_BESIDE.__contains__))
            if not keys:
                raise ValidationError(f"nothing stands here: remove {kind_of(value)}")
            raise ValidationError(f"expected a mapping with {keys}, not {kind_of(value)}")
        return dict(reader(self.schema).load(dict(value.items())))

    def json_schema(self) -> Json:
        described = describe(self.schema)
        return {**described, "type": ["object", "null"]} if self.optional else described


def describe(schema: type[Schema]) -> Json:
    """The JSON Schema of a mapping."""
    properties: Json = {}
    required = []
    for name, field in schema().fields.items():
        if not isinstance(field, Value):
            raise TypeError(f"{name}: every field of a file describes itself")
        key = field.data_key or name
        properties[key] = described(field)
        if field.required:
            required.append(key)
    described_schema: Json = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    if required:
        described_schema["required"] = required
    return described_schema


def described(field: Value) -> Json:
    """The JSON Schema of one field, with its documentation."""
    return {"description": field.doc, **field.json_schema()}


def load_part(schema: Schema, node: Any, report: Report, what: str) -> dict[str, Any]:
    """What could be read of `node`; everything else is in the report."""
    if not isinstance(node, Map):
        report.error(node, f"expected {what}, not {kind_of(node)}")
        return {}
    try:
        return dict(schema.load(dict(node.items())))
    except ValidationError as error:
        _place_all(error.messages, node, node, report)
        valid = error.valid_data
        return dict(valid) if isinstance(valid, Mapping) else {}


def _place_all(messages: Any, node: Any, at: Located, report: Report, key: str = "") -> None:
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            child, place = _child(node, name, at)
            _place_all(inner, child, place, report, "" if name == "_schema" else str(name))
        return
    for message in messages if isinstance(messages, list) else [messages]:
        where = message.where if isinstance(message, Note) and message.where else at
        missing = message == "missing"
        report.error(where, f"{quoted(key)} is missing" if missing else str(message))


def _child(node: Any, name: Any, at: Located) -> tuple[Any, Located]:
    """The node under `name` and where to point: an empty value is pointed at by its key."""
    if isinstance(node, Map) and name in node:
        value = node[name]
        key = next(key for key in node if key == name)
        return value, key if is_empty(value) else value
    if isinstance(node, Seq) and isinstance(name, int) and name < len(node):
        return node[name], node[name]
    return node, at


def key_of(node: Map, name: str) -> Text:
    """The key as it stands in the file."""
    return next(key for key in node if key == name)
