"""Steps within a step: kept as they were written, for the reader of `do`."""

from dataclasses import dataclass
from typing import Any, ClassVar

from marshmallow import ValidationError

from app.yaml.schema_errors import describe
from app.yaml.schema_fields import (
    Choice,
    Duration,
    ExpressionText,
    Json,
    Note,
    Raw,
    Value,
    kind_of,
)
from app.yaml.tree import Map, Seq, Text
from workers.rules.vocabulary.keyed import Keyed

STEPS: Json = {"type": "array", "items": {"$ref": "#/definitions/step"}, "minItems": 1}


_ELSE = "put `else` beside `choose`"


class Branch(Keyed):
    hints: ClassVar[dict[str, str]] = {
        "else": _ELSE,
        "match": "a branch is chosen by one expression: write `if`",
    }
    condition = ExpressionText("When it is taken.", data_key="if", required=True)
    do = Raw("What is done then, in order.", required=True, described=STEPS)


@dataclass(frozen=True, slots=True)
class BranchesAsWritten:
    """The conditions of `choose`, not yet compiled."""

    conditions: tuple[Text, ...]


class WaitFor(Keyed):
    hints: ClassVar[dict[str, str]] = {"else": "put `else` beside `wait_for`"}
    when = Raw(
        "One trigger, or a list: any of them.",
        required=True,
        described={
            "anyOf": [
                {"$ref": "#/definitions/trigger"},
                {"type": "array", "items": {"$ref": "#/definitions/trigger"}, "minItems": 1},
            ]
        },
    )
    by = Choice(
        "Whose: only of the `member` that the rule is about, or of `anybody`; needed where it can "
        "be either.",
        "member",
        "anybody",
    )
    match = Raw("What must hold of it: every key.", described={"$ref": "#/definitions/match"})
    condition = ExpressionText("One expression for what `match` cannot say.", data_key="if")
    timeout = Duration("How long it is waited for; to the end of the conference if not given.")


class Branches(Value):
    """A list of branches, each with `if` and `do`."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> BranchesAsWritten:
        if not isinstance(value, Seq) or not value:
            raise ValidationError(f"expected a list of `if` with `do`, not {kind_of(value)}")
        found: list[Text] = []
        problems: dict[int, Any] = {}
        for index, item in enumerate(value):
            try:
                found.append(self._branch(item))
            except ValidationError as error:
                problems[index] = error.messages
        if problems:
            raise ValidationError(problems)
        return BranchesAsWritten(tuple(found))

    def _branch(self, item: Any) -> Text:
        if isinstance(item, Map) and list(item) == ["else"]:
            raise ValidationError([Note.about(next(iter(item)), _ELSE)])
        if not isinstance(item, Map):
            raise ValidationError(f"expected `if` with `do`, not {kind_of(item)}")
        condition: Text = Branch().load(dict(item.items()))["condition"]
        return condition

    def json_schema(self) -> Json:
        return {"type": "array", "items": describe(Branch), "minItems": 1}


class Nested(Value):
    """Steps that are read where they stand."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> Any:
        return value

    def json_schema(self) -> Json:
        return STEPS
