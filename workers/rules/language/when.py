"""`when`: what a rule waits for."""

import re
from typing import Any

from app.domain.durations import format_duration, parse_duration
from app.domain.suggest import did_you_mean, quoted
from app.yaml.problems import Report
from app.yaml.schema_fields import is_empty, kind_of
from app.yaml.tree import Map, Seq, Text
from workers.rules.vocabulary import other_words
from workers.rules.vocabulary.cron import parse_schedule
from workers.rules.vocabulary.model import Trigger
from workers.rules.vocabulary.triggers import KINDS


def read_when(node: Any, report: Report) -> tuple[Trigger, ...]:
    """The triggers that could be read; everything wrong goes to the report."""
    items = node if isinstance(node, Seq) else [node]
    if isinstance(node, Seq) and not node:
        report.error(node, "when is empty: the rule waits for nothing")
    found: list[Trigger] = []
    for item in items:
        trigger = _trigger(item, report)
        if trigger and any(
            (trigger.kind, trigger.parameter) == (t.kind, t.parameter) for t in found
        ):
            report.warning(item, f"{trigger.kind} is here twice")
        elif trigger:
            found.append(trigger)
    return tuple(found)


def _trigger(item: Any, report: Report) -> Trigger | None:
    if isinstance(item, Text) and not is_empty(item):
        return _bare(item, report)
    if not isinstance(item, Map) or len(item) != 1:
        report.error(item, _no_trigger(item))
        return None
    key, value = next(iter(item.items()))
    if not _known(key, report):
        return None
    kind = KINDS[key]
    if kind.parameter == "none" and not is_empty(value):
        report.error(value, f"{key} takes no value; write `when: {key}`")
        return Trigger(str(key), None, key.line)
    if is_empty(value):
        if kind.parameter != "none" and kind.needs:
            report.error(key, f"{key} needs {_WANTED[kind.parameter]}, such as `{kind.example}`")
            return None
        return Trigger(str(key), None, key.line)
    parameter = _parameter(kind.parameter, key, value, report)
    if key == "trigger" and parameter in KINDS:
        message = f"a trigger of yours that is called so; for what happens write `when: {value}`"
        report.warning(value, message)
    return None if parameter is None else Trigger(str(key), parameter, value.line, value.column)


def _bare(name: Text, report: Report) -> Trigger | None:
    if not _known(name, report):
        return None
    kind = KINDS[name]
    if kind.parameter != "none" and kind.needs:
        report.error(name, f"{name} needs {_WANTED[kind.parameter]}, such as `{kind.example}`")
        return None
    return Trigger(str(name), None, name.line)


_BESIDE_WHEN = ("match", "if", "do")


def _no_trigger(item: Any) -> str:
    """What to say of a node that is neither a name nor one trigger."""
    if not isinstance(item, Map) or len(item) < 2:
        return f"expected a trigger such as member.entered, not {kind_of(item)}"
    if astray := next((key for key in _BESIDE_WHEN if key in item), None):
        return f"{astray} stands beside `when`, not under it: indent it less"
    return "two triggers in one mapping; make `when` a list: [{...}, {...}]"


def _known(name: Text, report: Report) -> bool:
    if name in KINDS:
        return True
    report.error(name, f"unknown trigger {quoted(name)}{_meant(name)}")
    return False


def _meant(name: str) -> str:
    """The suggestion. Behind the group that a name begins with only the rest is compared: the
    group's letters would make every other trigger of it look near."""
    said = did_you_mean(name, KINDS, meant=other_words.TRIGGERS, in_order=True)
    group, dot, rest = name.partition(".")
    own = [kind.partition(".")[2] for kind in KINDS if kind.startswith(f"{group}.")]
    if not dot or not own or name.lower() in other_words.TRIGGERS:
        return said
    return did_you_mean(rest, own, prefix=f"{group}.", in_order=True)


_WANTED = {
    "duration": "a duration",
    "digits": "digits",
    "name": "a name",
    "cron": "a cron line",
    "count": "a number, {above: N} or {below: N}",
}


def _parameter(what: str, key: Text, value: Any, report: Report) -> Any:
    if what == "count" and isinstance(value, Map):
        return _crossing(value, report)
    if not isinstance(value, Text):
        report.error(value, f"expected {_WANTED[what]}, not {kind_of(value)}")
        return None
    try:
        return _READERS[what](value, key)
    except ValueError as error:
        report.error(value, str(error))
        return None


def _duration(value: Text, key: Text) -> float:
    seconds = parse_duration(value)
    if seconds < KINDS[key].shortest:
        raise ValueError(f"{key} needs at least {format_duration(KINDS[key].shortest)}")
    return seconds


def _digits(value: Text, key: Text) -> str:
    if not re.fullmatch(r"[0-9*#]{1,16}", value, re.ASCII):
        raise ValueError(f"expected digits (0-9, * and #), not {quoted(value)}" + _several(value))
    return str(value)


def _several(written: str) -> str:
    """How one of several digits is waited for, or any."""
    if written.lower() in ("any", "all"):
        return "; for any write `when: member.digits`"
    several = re.fullmatch(r"[0-9*#]+(?:(?:,| or | and |-|\|) *[0-9*#]+)+", written)
    return "; for several write `when: member.digits` and `if: digits in [...]`" if several else ""


def _name(value: Text, key: Text) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", value):
        raise ValueError(f"expected a name (letters, digits, . _ -), not {quoted(value)}")
    return str(value)


def _cron(value: Text, key: Text) -> str:
    parse_schedule(value)
    return " ".join(value.split())


def _count(value: Text, key: Text) -> tuple[str, int]:
    return "is", _number(value)


def _number(value: Any) -> int:
    if not isinstance(value, Text) or not re.fullmatch(r"\d{1,6}", value, re.ASCII):
        raise ValueError(f"expected a number of members, not {kind_of(value)}")
    return int(value)


def _crossing(value: Map, report: Report) -> tuple[str, int] | None:
    if len(value) != 1 or not set(value) <= {"above", "below"}:
        report.error(value, "expected one of {above: N} and {below: N}")
        return None
    key, number = next(iter(value.items()))
    try:
        found = _number(number)
    except ValueError as error:
        report.error(key if is_empty(number) else number, str(error))
        return None
    if key == "below" and found == 0:
        report.error(number, "there are never fewer than 0 members")
    return str(key), found


_READERS = {"duration": _duration, "digits": _digits, "name": _name, "cron": _cron, "count": _count}
