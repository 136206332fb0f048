"""`match` and `if` of a rule, held against what its triggers say of themselves."""

from collections.abc import Sequence
from typing import Any

from app.domain.durations import parse_duration
from app.yaml.problems import Report
from app.yaml.tree import Map, Seq, Text
from workers.rules.expressions.conditions import Check, Match, look_up, shown
from workers.rules.expressions.expressions import Compiled
from workers.rules.vocabulary.model import NO_ANSWER, Fields, Rule, Trigger, Unknown
from workers.rules.vocabulary.triggers import KINDS

_ASKS_FOR_ABSENT = ("'defined'", "'undefined'", "'default'")


def if_can_hold(rule: Rule, node: Map, report: Report) -> None:
    """An `if` that is always or never true, by itself or by what the triggers say."""
    if isinstance(rule.condition, Compiled):
        never = "so the rule can never run"
        hold_condition(rule.condition, rule.triggers, node["if"], never, report)


def hold_condition(
    condition: Compiled, triggers: Sequence[Trigger], where: Text, never: str, report: Report
) -> None:
    """One `if`, and what follows from it when it is never true."""
    if condition.names:
        if reason := never_by(condition, triggers):
            report.error(where, f"this can never hold: {reason}")
    elif holds(condition):
        report.warning(where, "this is always true; leave it out")
    else:
        report.error(where, f"this is never true, {never}")


def never_by(condition: Compiled, triggers: Sequence[Trigger], *, later: bool = False) -> str:
    """Why an expression is false whichever of the triggers it was; "" when it may be true. `later`:
    the conference may be another than it was then."""
    if not triggers or any(word in condition.meaning for word in _ASKS_FOR_ABSENT):
        return ""
    known = [known_of(trigger) for trigger in triggers]
    if later:
        known = [{k: v for k, v in one.items() if k != "conference"} for one in known]
    reasons = [_why_never(condition, one) for one in known]
    return str(reasons[0]) if all(reasons) else ""


def _why_never(condition: Compiled, known: Fields) -> str:
    try:
        if not known or condition.refuses(known) is None:
            return ""
    except (Unknown, *NO_ANSWER):
        return ""
    values = {name: look_up(known, tuple(name.split("."))) for name in sorted(condition.names)}
    said = [f"{name} is {shown(value, '')}" for name, value in values.items() if value is not None]
    return " and ".join(said)


def holds(condition: Compiled) -> bool:
    """Whether a condition that asks about nothing is true."""
    try:
        return condition.refuses({}) is None
    except Unknown:
        return False


def match_can_hold(rule: Rule, node: Map, report: Report) -> None:
    """`match` against what the trigger says of itself, and against itself."""
    if isinstance(rule.match, Match):
        hold_match(rule.match, rule.triggers, node["match"], report)


def hold_match(match: Match, triggers: Sequence[Trigger], node: Map, report: Report) -> None:
    """One `match`, which was read from this node."""
    keys = _match_keys(node)
    for check in match.checks:
        reasons = [_refusal(check, known_of(trigger)) for trigger in triggers]
        if reasons and all(reasons):
            report.error(keys[check.path], f"this can never hold: {reasons[0]}")
    for path, key in keys.items():
        value = node[key]
        if not isinstance(value, Map):
            continue
        checks = [check for check in match.checks if check.path == path]
        if (empty := value.find("in")) is not None and isinstance(empty, Seq) and not empty:
            report.error(empty, "an empty list matches nothing")
        elif message := _excluded(checks):
            report.error(key, message)
        else:
            _bounds_can_hold(key, value, path, report)


def _excluded(checks: Sequence[Check]) -> str:
    """`{in: X, not_in: X}`, `{is: a, not: a}` and the like: what one operator asks for, another
    refuses."""
    one = next((check for check in checks if check.literals is not None), None)
    if one is None or one.literals is None or not one.literals.texts or len(checks) < 2:
        return ""
    for text in sorted(one.literals.texts):
        if all(_may_hold(check, text) for check in checks):
            return ""
    others = " and ".join(check.wanted for check in checks if check is not one)
    return f"this can never hold: {'.'.join(one.path)} cannot be both {one.wanted} and {others}"


def _may_hold(check: Check, text: str) -> bool:
    try:
        return check.test(text)
    except (Unknown, *NO_ANSWER):
        return True


def _match_keys(match: Map) -> dict[tuple[str, ...], Text]:
    return {
        ("conference", "name") if key == "conference" else tuple(key.split(".")): key
        for key in match
    }


def _refusal(check: Check, known: Fields) -> str | None:
    try:
        return check.refuses(known)
    except Unknown:
        return None


def known_of(trigger: Trigger) -> Fields:
    """The fields whose value follows from the trigger alone."""
    kind = KINDS[trigger.kind]
    if not kind.equals or trigger.parameter is None:
        return kind.known
    known: Any = trigger.parameter
    for name in reversed(kind.equals):
        known = {name: known}
    return {**kind.known, **known}


def _bounds_can_hold(key: Text, value: Any, path: tuple[str, ...], report: Report) -> None:
    """`{above: 5, below: 3}` and the like."""
    if not isinstance(value, Map):
        return
    bounds = {str(name): _bound(value[name]) for name in value if name in _PAIRED}
    for low, high, may_be_equal in _EXCLUDING:
        if low in bounds and high in bounds:
            gap = bounds[high] - bounds[low]
            if gap < 0 or (gap == 0 and not may_be_equal):
                name = ".".join(path)
                report.error(key, f"this can never hold: {name} cannot be both {low} and {high}")
                return


_PAIRED = ("above", "at_least", "below", "at_most")
_EXCLUDING = (
    ("above", "below", False),
    ("above", "at_most", False),
    ("at_least", "below", False),
    ("at_least", "at_most", True),
)


def _bound(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return parse_duration(text)
