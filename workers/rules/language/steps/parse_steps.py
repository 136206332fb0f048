"""`do`: the steps of a rule, read by the catalogue of actions and compiled."""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar

from marshmallow import Schema

from app.domain.suggest import did_you_mean, quoted
from app.yaml.problems import Report
from app.yaml.schema_errors import key_of, load_part
from app.yaml.schema_fields import is_empty, kind_of
from app.yaml.tree import Map, Seq, Text
from workers.rules.expressions.asked import names_of
from workers.rules.expressions.scope import Scope, joined
from workers.rules.language.steps.flat import END, asking, is_side, redirect
from workers.rules.language.steps.step_values import StepValues
from workers.rules.language.steps.wait_for import read_wait_for
from workers.rules.nodes.targets_as_written import TargetSpec
from workers.rules.vocabulary import other_words
from workers.rules.vocabulary.action import BESIDE_EVERY
from workers.rules.vocabulary.actions import ACTIONS
from workers.rules.vocabulary.keyed import Keyed
from workers.rules.vocabulary.model import Step
from workers.rules.vocabulary.names import ANSWERS


class StepReader:
    """Reads the steps of one rule; everything wrong goes to the report."""

    def __init__(self, scope: Scope, report: Report, values: type[StepValues] = StepValues) -> None:
        self.scope, self.report, self.values = scope, report, values
        self.brought = frozenset(ANSWERS.values()) & scope.lacking.keys()

    def read(self, node: Any) -> tuple[Step, ...]:
        """All steps, those within others behind the one that they stand in."""
        flat: list[Step] = []
        self.block(node, flat, "do is empty: the rule does nothing")
        return tuple(asking(flat))

    def block(self, node: Any, flat: list[Step], empty: str) -> None:
        """Append the steps of a list, each followed by those within it."""
        if isinstance(node, Map):
            self.report.error(node, "do is a list; begin each action with `-`")
            return
        if not isinstance(node, Seq):
            self.report.error(node, f"expected a list of actions, not {kind_of(node)}")
            return
        if not node:
            self.report.error(node, empty)
        for item in node:
            before = self.report.errors
            step = self.step(item)
            if step is None:
                continue
            roots = frozenset(name.partition(".")[0] for name in names_of(step))
            flat.append(replace(step, reads=roots & self.brought))
            if self.report.errors == before and step.action == "choose":
                self.branches(item, flat)
            elif self.report.errors == before and step.action == "wait_for":
                self.otherwise(item, flat)
            self.scope = self.scope.after(step.action)

    def otherwise(self, item: Map, flat: list[Step]) -> None:
        """The `else` of the `wait_for` that is the last step so far."""
        at, before = len(flat) - 1, self.scope
        if (node := item.find("else")) is not None:
            self.block(node, flat, "else is empty; leave it out")
        redirect(flat, (at + 1, len(flat)), len(flat), END)
        jump = END if node is None else at + 1
        flat[at] = replace(flat[at], next=len(flat), jumps=(jump,))
        self.scope = before

    def branches(self, item: Map, flat: list[Step]) -> None:
        """The steps within the `choose` that is the last one so far."""
        at, before = len(flat) - 1, self.scope
        blocks, ends = [], [before]
        for branch in item["choose"]:
            start = len(flat)
            self.block(branch["do"], flat, "do is empty: this branch does nothing")
            blocks.append((start, len(flat)))
            ends.append(self.scope)
            self.scope = self.beside(before)
        otherwise = len(flat)
        if (node := item.find("else")) is not None:
            self.block(node, flat, "else is empty; leave it out")
        self.scope = joined([*ends, self.scope])
        for start, stop in blocks:
            redirect(flat, (start, stop), stop, len(flat))
        jumps = (*(start for start, _ in blocks), otherwise)
        flat[at] = replace(flat[at], next=len(flat), jumps=jumps)

    def beside(self, before: Scope) -> Scope:
        """What another branch sees, beside those that were read: nothing of theirs, but for
        `awaited`, which files may ask for there since it is (it is absent)."""
        return before if "awaited" in self.scope.lacking else before.after("wait_for")

    def step(self, item: Any) -> Step | None:
        if isinstance(item, Text) and not is_empty(item):
            item = _bare(item)
        if not isinstance(item, Map):
            self.report.error(
                item, f"expected an action such as `mute: member`, not {kind_of(item)}"
            )
            return None
        name = self.action(item)
        if name is None:
            return None
        if is_empty(item[name]) and not ACTIONS[name].bare:
            example = ACTIONS[name].example
            self.report.error(
                name, f"{name} needs a value, such as `{example}`" + _misplaced(item, name)
            )
            return None
        return self.known(name, item)

    def action(self, item: Map) -> Text | None:
        named = [key for key in item if key in ACTIONS and not is_side(key, item)]
        if len(named) > 1:
            self.report.error(named[1], f"two actions in one step; begin {named[1]} with its own -")
            return None
        if named:
            return named[0]
        keys = [key for key in item if key not in BESIDE_EVERY]
        if not keys:
            self.report.error(item, "expected an action, such as `mute: member`")
            return None
        beside = "`else` stands beside `choose` or `wait_for`: remove the - before it"
        message = (beside if keys[0] == "else" else _without_colon(keys[0])) or (
            f"unknown action {quoted(keys[0])}"
            + did_you_mean(keys[0], ACTIONS, meant=other_words.ACTIONS, in_order=True)
        )
        self.report.error(keys[0], message)
        return None

    def known(self, name: Text, item: Map) -> Step:
        entry = ACTIONS[name]
        data = load_part(_schema(str(name)), item, self.report, "an action")
        self.check_confirmed(name, item, data)
        value = data.pop(str(name), None)
        data.pop("confirm", None)
        data.pop("else", None)
        params = dict(value) if isinstance(value, Mapping) else {}
        if name == "wait_for":
            params = read_wait_for(item, params, self.scope, self.report)
        beside = self.options(item, data, params)
        target = next(
            (spec for spec in [value, *params.values()] if isinstance(spec, TargetSpec)), None
        )
        params = {key: part for key, part in params.items() if not isinstance(part, TargetSpec)}
        if entry.param and value is not None and not isinstance(value, TargetSpec):
            params[entry.param] = value
        values = self.values(self.scope, self.report)
        return Step(
            action=str(name),
            target=values.target(target) if target else None,
            params={key: values.compiled(part) for key, part in {**params, **data}.items()}
            if name != "wait_for"
            else params,
            expires_in=beside.get("expires_in", entry.expires_in),
            on_error=beside.get("on_error", "stop"),
            line=name.line,
        )

    def options(self, item: Map, data: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
        """`expires_in` and `on_error`, which may stand beside the action or in its mapping."""
        for key in BESIDE_EVERY:
            if key in data and key in params:
                self.report.error(key_of(item, key), f"{key} is written twice for this action")
        places = {**params, **data}
        for key in BESIDE_EVERY:
            data.pop(key, None)
            params.pop(key, None)
        return {key: places[key] for key in BESIDE_EVERY if key in places}

    def check_confirmed(self, name: Text, item: Map, data: Mapping[str, Any]) -> None:
        if any(key in item and key not in data for key in (str(name), "confirm")):
            return  # one of them could not be read, which has been told
        every = data.get(str(name)) == "every_conference"
        if every and not data.get("confirm"):
            self.report.error(
                item[name],
                "every_conference ends all conferences of the account; "
                "write `confirm: true` beside it if that is meant",
            )
        if data.get("confirm") is not None and not every:
            self.report.error(key_of(item, "confirm"), "confirm is only for every_conference")


class _Written(Keyed):
    hints: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("if", "when", "match"), "what is done only then goes under `choose`"),
        "name": "an action has no name; write `# ` and a comment",
        **dict.fromkeys(
            ("loop", "with_items", "repeat", "for_each", "foreach", "while", "count"),
            "there are no loops; several members are meant by `all`, `others` or {where: ...}",
        ),
        **dict.fromkeys(
            ("with", "args", "params", "parameters", "arguments", "options", "target"),
            "what an action takes stands under its own name: `speak: {to: all, text: ...}`",
        ),
        **dict.fromkeys(
            ("register", "as", "save_as", "output"),
            "the steps after a `webhook` know its answer as `response`",
        ),
        **dict.fromkeys(
            ("delay", "after", "sleep", "pause"),
            "to wait is a step of its own, before this one: `- wait: 5s`",
        ),
        "vars": "vars are set by a step of its own: `- set: {NAME: value}`",
    }


@cache
def _schema(action: str) -> Schema:
    """What stands in a step of this action, itself and beside it; made once, since that is slow."""
    entry = ACTIONS[action]
    fields = {action: entry.argument, **entry.beside, **BESIDE_EVERY}
    return _Written.from_dict(dict(fields))()


def _bare(name: Text) -> Map:
    item, empty = Map(), Text("")
    item.line, item.column = empty.line, empty.column = name.line, name.column
    item[name] = empty
    return item


def _without_colon(written: Text) -> str:
    """What to say of `mute member` and `mute:member`; nothing of other names."""
    name = re.split(r"[ :]", written, maxsplit=1)[0]
    sign = written[len(name) : len(name) + 1]
    if name not in ACTIONS or not sign:
        return ""
    if sign == " ":
        return f"a `:` is missing after {name}"
    return f"a blank is missing after the colon: write `{name}: ...`"


def _misplaced(item: Map, name: str) -> str:
    """Arguments that were written beside the action instead of under it."""
    schema = getattr(ACTIONS[name].argument, "schema", None)
    inner = set(schema().fields) if schema else set()
    beside = [key for key in item if key in inner]
    return f"; indent {', '.join(beside)} further, under {name}" if beside else ""
