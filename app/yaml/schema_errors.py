"""From marshmallow's errors to problems with positions."""

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from marshmallow import EXCLUDE, Schema, ValidationError, validates_schema

from app.domain.suggest import quoted
from app.yaml.problems import Located, Report
from app.yaml.schema_fields import Json, Note, Scalar, Value, is_empty, kind_of
from app.yaml.tree import Map, Seq, Text
from app.yaml.wrong_keys import MISSING, UNKNOWN_KEY, Words, told_once, unknown_key

_BESIDE = frozenset({"expires_in", "on_error"})  # named last in messages


class Strict(Schema):
    """A mapping whose keys are all known. `hints` says more about keys often misplaced; `words`
    has what other tools call a key."""

    hints: ClassVar[Mapping[str, str]] = {}
    words: ClassVar[Words] = {}

    class Meta:
        unknown = EXCLUDE  # `refuse_unknown` words it, with all the others at once

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def refuse_unknown(self, data: Any, original: Any, **_: Any) -> None:
        known = self._known()
        wrong = {
            str(key): [Note.about(key, self._said(key, known, original))]
            for key in original
            if key not in known
        }
        if wrong:
            raise ValidationError(dict(wrong))

    def handle_error(self, error: ValidationError, data: Any, **_: Any) -> None:
        if isinstance(error.messages, dict):
            told_once(error.messages, is_known=any(key in data for key in self._known()))

    def _known(self) -> list[str]:
        """Those that it needs first, then as they are declared."""
        fields = sorted(
            self.fields.items(), key=lambda item: (not item[1].required, item[0] in _BESIDE)
        )
        return [field.data_key or name for name, field in fields]

    def _said(self, key: str, known: list[str], written: Any) -> str:
        if key in self.hints:
            return f"{UNKNOWN_KEY}{quoted(key)}; {self.hints[key]}"
        return unknown_key(key, known, self.words, written)


@cache
def reader(schema: type[Schema]) -> Schema:
    """One for all mappings: making it copies every field, and reading leaves nothing in it."""
    return schema()


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
            said = f"expected a mapping with {keys}, not {kind_of(value)}"
            raise ValidationError(said + self._as_mapping(value))
        return dict(reader(self.schema).load(dict(value.items())))

    def _as_mapping(self, value: Any) -> str:
        """What to write for a text that the one key could have which the mapping must have."""
        fields = self.schema().fields.items()
        needed = [(field.data_key or name, field) for name, field in fields if field.required]
        if not isinstance(value, Text) or is_empty(value) or len(needed) > 1:
            return ""
        if not needed:
            is_yes = self.optional and value in ("true", "yes", "on", "start", "conference", "all")
            return "; nothing need stand here" if is_yes else ""
        name, field = needed[0]
        if not isinstance(field, Scalar):
            return ""
        try:
            field.read(value)
        except ValueError:
            return ""
        return f"; write {{{name}: {quoted(value)}}}"

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
        missing = message == MISSING
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
