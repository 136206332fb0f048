"""Whom an action is for, as it is written."""

import re
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError

from app.domain.suggest import did_you_mean, quoted
from app.yaml.schema_fields import Json, Note, Value, is_empty, kind_of, nearest
from app.yaml.tree import Map, Node, Seq, Text
from workers.rules.vocabulary.names import MEMBER


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """Whom an action is for, not yet compiled."""

    kind: str
    node: Node
    ids: tuple[Text, ...] = ()
    where: Text | None = None


_MEANT = {
    **dict.fromkeys(("everyone", "everybody", "conference"), "all"),
    **dict.fromkeys(("rest", "other"), "others"),
    **dict.fromkeys(("call", "caller", "participant", "self", "me", "them"), "member"),
}


def _where_of(name: str, value: str, meant: str = "") -> str:
    """How members are meant by a field of theirs."""
    return f"; {meant}write {{where: member.{name} == '{value[:40]}'}}"


def _not_a_word(value: Text, words: tuple[str, ...]) -> str:
    """What was meant by a text that names nobody, as far as it shows."""
    if near := nearest(_MEANT.get(value, value), words):
        return near
    if re.fullmatch(r"\+[0-9]+", value):
        return _where_of("from", value, "for a number ")
    is_word = re.fullmatch(r"[a-z]+", value) and value not in ("true", "false", "yes", "no")
    return _where_of("role", value, "for a role ") if is_word else ""


def _field(key: str, wanted: Node) -> str:
    """What to write for `{role: guest}` and the like."""
    name = key.removeprefix("member.")
    if name in MEMBER and isinstance(wanted, Text) and MEMBER[name].type != "flag":
        return _where_of(name, wanted)
    if name in MEMBER and isinstance(wanted, Text):
        return f"; write {{where: {'' if wanted == 'true' else 'not '}member.{name}}}"
    return did_you_mean(key, ["where"])


class Members(Value):
    """`member`, `all`, `others`, a list of member ids, or `{where: EXPRESSION}`."""

    words: tuple[str, ...] = ("member", "all", "others")

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> TargetSpec:
        if isinstance(value, Map):
            return self._where(value)
        if isinstance(value, Seq):
            return TargetSpec("ids", value, ids=self._ids(value))
        if value in self.words:
            return TargetSpec(str(value), value)
        if isinstance(value, Text) and (value.isdigit() or "{{" in value):
            return TargetSpec("ids", value, ids=(value,))
        message = f"expected {', '.join(self.words)}, a list of member ids or {{where: ...}}, not "
        hint = _not_a_word(value, self.words) if isinstance(value, Text) else ""
        raise ValidationError(message + kind_of(value) + hint)

    def _where(self, value: Map) -> TargetSpec:
        where = value.find("where")
        wrong: dict[str, list[str]] = {
            key: [Note.about(key, f"unknown key {quoted(key)}" + _field(key, wanted))]
            for key, wanted in value.items()
            if key != "where"
        }
        if wrong:
            raise ValidationError(dict(wrong))
        if not isinstance(where, Text) or is_empty(where):
            raise ValidationError({"where": [f"expected an expression, not {kind_of(where)}"]})
        return TargetSpec("where", value, where=where)

    def _ids(self, value: Seq) -> tuple[Text, ...]:
        if not value:
            raise ValidationError("an empty list: nobody is meant")
        wrong = {
            index: [f"expected a member id (digits), not {kind_of(item)}"]
            for index, item in enumerate(value)
            if not (isinstance(item, Text) and (re.fullmatch(r"[0-9]+", item) or "{{" in item))
        }
        if wrong:
            raise ValidationError(dict(wrong))
        return tuple(value)

    def json_schema(self) -> Json:
        ids = {"type": "array", "items": {"type": ["string", "integer"]}, "minItems": 1}
        where = {
            "type": "object",
            "properties": {"where": {"type": "string"}},
            "required": ["where"],
            "additionalProperties": False,
        }
        return {"anyOf": [{"enum": list(self.words)}, ids, where, {"type": ["string", "integer"]}]}


class HangUp(Members):
    """`conference`, `every_conference`, or members."""

    words = ("conference", "every_conference", "member", "all", "others")

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> Any:
        if value in ("conference", "every_conference"):
            return str(value)
        if isinstance(value, Map) and "where" not in value:
            raise ValidationError(
                "expected `conference`, `every_conference` with `confirm: true` beside it, "
                "members or {where: ...}, not a mapping"
            )
        return super()._deserialize(value, attr, data)
