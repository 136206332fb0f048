"""What an expression is made of: functions from the fields of an event to a value.

Each raises `Unknown` when there is no answer.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.callers.phones import Phone, plain_phone
from app.domain.suggest import quoted
from workers.rules.expressions.bounds import bounded
from workers.rules.expressions.functions import as_json
from workers.rules.vocabulary.comparing.values import MAPPINGS, compare_equal, in_collection
from workers.rules.vocabulary.model import Fields, Unknown

Evaluate = Callable[[Fields], Any]
_SHOWN = 60  # characters of a value in a reason
_ORDER = {"lt": operator.lt, "lteq": operator.le, "gt": operator.gt, "gteq": operator.ge}


def lookup(path: Sequence[str]) -> Evaluate:
    """The value of a name; unknown when it, or a group above it, is absent."""
    dotted = ".".join(path)

    def look_up(fields: Fields) -> Any:
        value: Any = fields
        for name in path:
            if not isinstance(value, MAPPINGS) or name not in value:
                raise Unknown(f"{dotted} is absent")
            value = value[name]
        return value

    return look_up


def as_phone(inner: Evaluate) -> Evaluate:
    """The value as one that compares as telephone numbers do, wherever it goes."""

    def run(fields: Fields) -> Any:
        value = inner(fields)
        return Phone(value) if isinstance(value, str) else value

    return run


def item(inner: Evaluate, key: str | int) -> Evaluate:
    """One item of a list, or one field of a mapping; unknown when it is absent."""

    def item(fields: Fields) -> Any:
        value = inner(fields)
        if isinstance(value, Mapping) and isinstance(key, str) and key in value:
            return value[key]
        if (
            isinstance(value, list | tuple)
            and isinstance(key, int)
            and (-len(value) <= key < len(value))
        ):
            return value[key]
        raise Unknown(f"[{key!r}] is absent")

    return item


def three_valued(left: Evaluate, right: Evaluate, decisive: bool) -> Evaluate:
    """`or` when `decisive` is True, `and` when it is False."""

    def decide(fields: Fields) -> bool:
        try:
            first = bool(left(fields))
        except Unknown:
            if bool(right(fields)) is decisive:
                return decisive
            raise
        return decisive if first is decisive else bool(right(fields))

    return decide


def comparison(sign: str, phone: bool) -> Callable[[Any, Any], bool]:
    """How two values are compared; with `phone` as telephone numbers."""
    if sign in ("eq", "ne"):
        return lambda left, right: compare_equal(left, right, phone) is (sign == "eq")
    if sign in ("in", "notin"):
        return lambda left, right: in_collection(left, right, phone) is (sign == "in")
    apply = _ORDER[sign]

    def compare(left: Any, right: Any) -> bool:
        if isinstance(left, Phone) or isinstance(right, Phone):
            left, right = plain_phone(left), plain_phone(right)
        try:
            return bool(apply(left, right))
        except TypeError:
            shown = f"{as_shown(left)} and {as_shown(right)}"
            raise Unknown(f"{shown} have no order", "they have no order") from None

    return compare


def chain(
    left: Any, steps: list[tuple[Callable[[Any, Any], bool], Evaluate]], fields: Fields
) -> bool:
    """`a < b < c`: each value with the next; what is behind one that fails is not looked at."""
    for compare, right in steps:
        value = right(fields)
        if not compare(left, value):
            return False
        left = value
    return True


def applied(
    name: str, apply: Callable[..., Any], inner: Evaluate, arguments: Sequence[Evaluate]
) -> Evaluate:
    """A filter or a test of a value; unknown when it has no answer."""

    def run(fields: Fields) -> Any:
        value = inner(fields)
        others = [argument(fields) for argument in arguments]
        try:
            return bounded(apply(value, *others))
        except (ValueError, TypeError, ArithmeticError, LookupError) as error:
            said = f"{name} has no answer for {as_shown(value)}: {error}"
            raise Unknown(said, f"{name} has no answer for that value") from None

    return run


def as_shown(value: Any) -> str:
    """A value in a reason: a text in quotes, everything else as it is written."""
    if isinstance(value, str):
        return quoted(value)
    is_whole = isinstance(value, float) and value.is_integer()
    text = as_json(int(value) if is_whole else value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def default(inner: Evaluate, other: Evaluate) -> Evaluate:
    """The value, or the other one when it is unknown."""

    def run(fields: Fields) -> Any:
        try:
            return inner(fields)
        except Unknown:
            return other(fields)

    return run


def defined(inner: Evaluate, wanted: bool) -> Evaluate:
    """Whether a value is known: `is defined`, or `is undefined` when False is `wanted`."""

    def run(fields: Fields) -> bool:
        try:
            inner(fields)
        except Unknown:
            return not wanted
        return wanted

    return run
