"""`if` and `match` held against each value that could decide them: the times of a day, the numbers
of members, and the texts that `match` leaves for `if`."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from app.yaml.problems import Report
from app.yaml.tree import Map
from workers.rules.expressions.conditions import Check, Match
from workers.rules.expressions.expressions import Compiled
from workers.rules.vocabulary.model import NO_ANSWER, Fields, Rule, Trigger, Unknown
from workers.rules.vocabulary.triggers import KINDS

_COUNT = ("conference", "member_count")
_MOST_TEXTS = 100  # of one key of `match`
_TEXTS = frozenset({"text", "phone", "digits"})
_SOME_DAY = 1_767_571_200  # on which no clock changes, wherever it begins
_MINUTES = 24 * 60
_STRIDE = 997  # a prime: each minute comes once
_SOMEBODY = "somebody is there at {}, so conference.member_count is at least 1"


def values_can_hold(rule: Rule, node: Map, report: Report) -> None:
    """What no value fulfils, and hours that every time is within."""
    checks = rule.match.checks if isinstance(rule.match, Match) else ()
    for check in checks:
        is_count = check.path == _COUNT
        if is_count and (kind := _holds_for_nobody(rule.triggers, check.test, check.wanted)):
            key = next(key for key in node["match"] if key.endswith("member_count"))
            report.warning(key, f"this can never hold: {_SOMEBODY.format(kind)}")
    if isinstance(rule.condition, Compiled):
        if said := doubt_of(rule.condition, rule.triggers):
            report.warning(node["if"], said)
            return
        excluding = next((one for one in checks if _excludes(one, rule.condition)), None)
        if excluding is not None:
            asked = f"{'.'.join(excluding.path)} {excluding.wanted}"
            report.warning(node["if"], f"this is never true: `match` asks for {asked}")


def doubt_of(condition: Compiled, triggers: Sequence[Trigger]) -> str:
    """Why a condition is the same at all times, or true for an empty conference only; or ""."""
    if any(word in condition.meaning for word in ("'defined'", "'undefined'", "'default'")):
        return ""

    def may_hold(number: int) -> bool:
        return _decided(condition, {_COUNT[0]: {_COUNT[1]: number}}) is not False

    if ".".join(_COUNT) in condition.names:
        kind = _holds_for_nobody(triggers, may_hold, condition.text)
        return f"this is never true: {_SOMEBODY.format(kind)}" if kind else ""
    return _by_the_clock(condition)


def _decided(condition: Compiled, fields: Fields) -> bool | None:
    """Its answer, as far as these fields decide it."""
    try:
        return condition.refuses(fields) is None
    except (Unknown, *NO_ANSWER):
        return None


def _holds_for_nobody(
    triggers: Sequence[Trigger], may_hold: Callable[[int], bool], text: str
) -> str:
    """The trigger at which somebody is there, where it can hold for an empty conference alone."""
    kinds = [KINDS[trigger.kind] for trigger in triggers]
    sure = kinds and all(kind.member == "always" and not kind.known for kind in kinds)
    if not sure or not may_hold(0):
        return ""
    written = (int(number) for number in re.findall(r"\d{1,6}", text))
    numbers = {1, 2, 1_000_000, *(one + more for one in written for more in (-1, 0, 1))}
    held = any(may_hold(number) for number in numbers if number > 0)
    return "" if held else triggers[0].kind


def _by_the_clock(condition: Compiled) -> str:
    """The same answer at whatever time of the day."""
    asked = condition.meaning.count("Name 'now'")
    hours = condition.meaning.count("Filter Name 'now' 'load' 'time'")
    if not hours or asked != hours or condition.doubts:
        return ""
    answers = set()
    for minute in range(_MINUTES):  # scattered: few are enough where answers differ
        moment = _SOME_DAY + minute * _STRIDE % _MINUTES * 60
        answers.add(_decided(condition, {"now": moment}))
        if len(answers) > 1 or None in answers:
            return ""
    if answers == {False}:
        return "this is true at no time: hours that go over midnight are joined by `or`"
    return "this is true at every time: from one hour to a later one is joined by `and`"


def _excludes(check: Check, condition: Compiled) -> bool:
    """Whether no text that `match` leaves is one for which the condition may be true."""
    if check.kind not in _TEXTS or check.path[0] == "vars":  # those are held against what is set
        return False
    for one in condition.literals:
        if one.path == check.path and not any(_passes(check, text) for text in one.texts):
            return True
    left = check.literals.texts if check.literals is not None else frozenset()
    name = ".".join(check.path)
    if not 0 < len(left) <= _MOST_TEXTS or name not in condition.names:
        return False
    return all(_decided(condition, _fields(check.path, text)) is False for text in left)


def _passes(check: Check, text: str) -> bool:
    try:
        return check.test(text)
    except (Unknown, *NO_ANSWER):
        return True


def _fields(path: Sequence[str], text: str) -> Fields:
    value: Any = text
    for name in reversed(path):
        value = {name: value}
    return dict(value)
