"""What stands in a step, compiled: who is meant, conditions, texts with `{{ }}`, free JSON."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from app.yaml.problems import Report
from app.yaml.tree import Map, Seq, Text
from workers.rules.expressions.expressions import Compiled, compile_expression
from workers.rules.expressions.habits import (
    doubt_of_environment,
    doubt_of_json,
    doubt_of_name,
    doubt_of_notation,
)
from workers.rules.expressions.scope import Scope
from workers.rules.expressions.syntax import ExpressionError
from workers.rules.expressions.templates import (
    PlainText,
    compile_template,
    doubts_of,
    only_part,
    texts_of,
)
from workers.rules.language.declared import read_assignments
from workers.rules.nodes.nested_as_written import BranchesAsWritten
from workers.rules.nodes.targets_as_written import TargetSpec
from workers.rules.nodes.templates_as_written import Assigned, FreeForm, TemplateText
from workers.rules.vocabulary.model import Condition, Target, Template, Unknown
from workers.rules.vocabulary.names import GROUPS


class StepValues:
    """Compiles what stands in one step, by what is seen there; everything wrong goes to the
    report."""

    def __init__(self, scope: Scope, report: Report) -> None:
        self.scope, self.report = scope, report

    def target(self, spec: TargetSpec) -> Target:
        if spec.kind in ("member", "others") and "member" in self.scope.lacking:
            self.report.error(
                spec.node,
                f"{spec.kind}: {self.scope.lacking['member']} is not about a member",
            )
        if spec.where is not None:
            text = spec.where
            try:
                where = compile_expression(text, self.scope.with_member())
            except ExpressionError as error:
                self.report.error(text.at(error.offset), str(error))
                return Target("where")
            self.warn(text, where.doubts)
            self.check_constant(text, where)
            return Target("where", where=where)
        found = [(text, self.template(text)) for text in spec.ids]
        for text, made in found:
            if message := never_an_id(made):
                self.report.error(text, message)
        ids = tuple(str(text) for text, made in found if isinstance(made, PlainText))
        templates = tuple(made for _, made in found if not isinstance(made, PlainText))
        return Target(spec.kind, ids, None, templates)

    def check_constant(self, text: Text, where: Compiled) -> None:
        """A `where` that asks about nothing is for everybody, or for nobody."""
        try:
            if where.names or where.refuses({}) is None:
                return
        except Unknown:
            return
        self.report.error(text, "this is never true, so nobody is meant")

    def condition(self, text: Text) -> Condition | None:
        try:
            made = compile_expression(text, self.scope)
        except ExpressionError as error:
            self.report.error(text.at(error.offset), str(error))
            return None
        self.warn(text, made.doubts)
        return made

    def compiled(self, part: Any) -> Any:
        if isinstance(part, TemplateText):
            return self.template(part.text, schemes=part.schemes)
        if isinstance(part, FreeForm):
            if isinstance(part.node, Text) and (said := doubt_of_json(part.node)):
                self.report.warning(part.node, said)
            return self.free(part.node)
        if isinstance(part, BranchesAsWritten):
            return tuple(self.condition(text) for text in part.conditions)
        if isinstance(part, Assigned):
            as_text = partial(self.template, typed=True)
            return read_assignments(part.node, self.scope, self.free, as_text, self.report)
        if isinstance(part, Mapping):
            return {str(key): self.compiled(value) for key, value in part.items()}
        return str(part) if isinstance(part, Text) else part

    def free(self, node: Any) -> Any:
        """JSON as it was written; plain numbers, true, false and null are those values."""
        if isinstance(node, Map):
            return {str(key): self.free(value) for key, value in node.items()}
        if isinstance(node, Seq):
            return [self.free(item) for item in node]
        return (
            _json_scalar(node) if node.plain and _is_json(node) else self.template(node, typed=True)
        )

    def template(
        self, text: Text, *, typed: bool = False, schemes: tuple[str, ...] = ()
    ) -> Template:
        try:
            made = compile_template(text, self.scope, typed=typed, schemes=schemes)
        except ExpressionError as error:
            for one in (error, *error.others):
                self.report.error(text.at(one.offset), str(one))
            return PlainText(str(text))
        self.warn(text, doubts_of(made))
        if doubt := doubt_of_notation(text, self.is_name) or doubt_of_environment(text):
            self.warn(text, [doubt])
        if said := doubt_of_name(text, self.is_name):
            self.report.warning(text, said)
        return made

    def is_name(self, name: str) -> bool:
        group, _, field = name.partition(".")
        return field in GROUPS.get(group, {}) or (group == "vars" and field in self.scope.vars)

    def warn(self, text: Text, doubts: Sequence[tuple[str, int]]) -> None:
        for message, offset in doubts:
            self.report.warning(text.at(offset), message)


def never_an_id(made: Template) -> str:
    """Why a text with `{{ }}` among member ids is none, whatever its values; "" when it may be
    one."""
    if not all(text.isdigit() for text in texts_of(made)):
        return "a member id has only digits; write several ids as a list"
    part = only_part(made)
    if part is None or part.type not in _NO_ID:
        return ""
    if part.type in ("list", "members", "phones"):
        if part.text == "conference.members":
            return "a list is no member id; write `all`"
        ids = f'{part.text} | pluck("id")' if part.type == "members" else part.text
        return f"a list is no member id; write `{{where: member.id in {ids}}}`"
    if part.type == "member":
        return f"{part.text} is no member id; write `{{{{ ({part.text}).id }}}}`"
    if part.type == "phone" and part.text == "member.from":
        return "a telephone number is no member id; write `{{ member.id }}`"
    if part.type == "phone":
        return f"a telephone number is no member id; write `{{where: member.from == {part.text}}}`"
    return f"{part.text} is no member id"


_NO_ID = frozenset({"list", "members", "phones", "phone", "flag", "seconds", "time", "member"})


_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,6})?", re.ASCII)
_WORDS = {"true": True, "false": False, "null": None, "": None}


def _is_json(text: Text) -> bool:
    return text in _WORDS or _NUMBER.fullmatch(text) is not None


def _json_scalar(text: Text) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    return float(text) if "." in text else int(text)
