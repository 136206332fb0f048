"""The catalogue of filters and tests that `{{ }}` and `if` know: one entry each.

A filter gets a value and plain arguments and returns a value; it raises `ValueError` or
`TypeError` when it has no answer, which makes the condition unknown.
"""

import json
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from app.domain.durations import spoken_duration
from workers.rules.expressions.bounds import check_replaced, check_size, joined_within
from workers.rules.vocabulary.names import MEMBER
from workers.rules.vocabulary.phones import Phone, WithPhone, ends, plain_phone, spellings, starts
from workers.rules.vocabulary.values import compare_equal


@dataclass(frozen=True, slots=True)
class Filter:
    """`takes` and `gives` are types of `workers.rules.vocabulary.names`, `any` for whatever;
    `arguments` is the smallest and the largest number of them; with `zoned` the
    file's time zone comes first."""

    doc: str
    apply: Callable[..., Any]
    takes: str = "any"
    gives: str = "any"
    arguments: tuple[int, int] = (0, 0)
    zoned: bool = False


def _minutes(value: Any) -> str:
    minutes = int((_number(value) + 30) // 60)
    if minutes < 1:
        return "less than a minute"
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def _seconds(value: Any) -> str:
    seconds = round(_number(value))
    return "1 second" if seconds == 1 else f"{seconds} seconds"


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("it needs a number")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("it needs a text")
    return value


def _items(value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise TypeError("it needs a list")
    return list(value)


def _local(zone: tzinfo, value: Any, form: str) -> str:
    try:
        return datetime.fromtimestamp(_number(value), zone).strftime(form)
    except (OverflowError, OSError, ValueError) as error:
        raise ValueError("it is no time") from error


def _length(value: Any) -> int:
    if not isinstance(value, str | list | tuple | Mapping):
        raise TypeError("it needs a text or a list")
    return len(plain_phone(value) if isinstance(value, Phone) else value)


def _join(value: Any, between: Any = ", ") -> str:
    return joined_within([written(item) for item in _items(value)], _text(between))


def _round(value: Any, digits: Any = 0) -> float:
    if not isinstance(digits, int) or not 0 <= digits <= 9:
        raise ValueError("it rounds to 0 to 9 digits")
    return round(_number(value), digits) if digits else round(_number(value))


def _to_number(value: Any) -> float:
    if isinstance(value, str):
        number = float(value) if len(value) <= 40 else float("nan")
        if number != number or abs(number) > 1e15:
            raise ValueError("it is no number")
        return int(number) if number.is_integer() else number
    return _number(value)


def _replace(value: Any, old: Any, new: Any) -> str:
    if not old:
        raise ValueError("it needs a text to replace")
    is_phone = isinstance(value, Phone)
    if isinstance(value, Phone):
        value = spellings(value)[-1 if "+" in _text(old) else 0]
    check_replaced(_text(value), _text(old), _text(new))
    if is_phone:
        return WithPhone(value.replace(_text(old), _text(new)))
    return _text(value).replace(_text(old), _text(new))


def _truncate(value: Any, length: Any) -> str:
    text, end = _text(value), max(0, int(_number(length)))
    return Phone(plain_phone(text)[:end]) if isinstance(value, Phone) else text[:end]


def _kept(apply: Callable[[str], str]) -> Callable[[Any], str]:
    """A change of a text that leaves it a telephone number if it is one."""

    def run(value: Any) -> str:
        text = apply(_text(value))
        return type(value)(text) if isinstance(value, Phone) else text

    return run


def _starts(value: Any, start: Any) -> bool:
    text, wanted = _text(value), _text(start)
    return starts(text, wanted) if isinstance(value, Phone) else text.startswith(wanted)


def _ends(value: Any, end: Any) -> bool:
    text, wanted = _text(value), _text(end)
    return ends(text, wanted) if isinstance(value, Phone) else text.endswith(wanted)


def _where(value: Any, name: Any, *wanted: Any) -> list[Any]:
    return [item for item in _items(value) if _holds(item, name, wanted)]


def _where_not(value: Any, name: Any, *wanted: Any) -> list[Any]:
    return [item for item in _items(value) if not _holds(item, name, wanted)]


def _holds(item: Any, name: Any, wanted: tuple[Any, ...]) -> bool:
    found = item.get(name) if isinstance(item, Mapping) else None
    return compare_equal(found, wanted[0]) if wanted else bool(found)


def _pluck(value: Any, name: Any) -> list[Any]:
    items = [item for item in _items(value) if isinstance(item, Mapping)]
    return [item[name] for item in items if name in item]


def _by_field_of_members(apply: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """`where` and `where_not` for members: their numbers compare as such."""

    def run(value: Any, name: Any, *wanted: Any) -> list[Any]:
        if _is_phone(name):
            wanted = tuple(Phone(one) if type(one) is str else one for one in wanted)
        return apply(value, name, *wanted)

    return run


def _pluck_of_members(value: Any, name: Any) -> list[Any]:
    found = _pluck(value, name)
    return [Phone(one) for one in found] if _is_phone(name) else found


def _is_phone(name: Any) -> bool:
    return isinstance(name, str) and name in MEMBER and MEMBER[name].type == "phone"


def _spell(value: Any) -> str:
    return " ".join(character for character in written(value) if character.isalnum())


def _sum(value: Any) -> float:
    return sum(_number(item) for item in _items(value))


def as_text(value: Any) -> str:
    """A value as `{{ }}` writes it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list | tuple) and not any(isinstance(item, Mapping) for item in value):
        return ", ".join(as_text(item) for item in value)
    return "" if value is None else _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=list)


def _json_within(value: Any) -> str:
    check_size(value)
    return _json(value)


def written(value: Any) -> str:
    """`as_text` of what is not too large for it. Raises `Unknown`."""
    check_size(value)
    return as_text(value)


FILTERS: Mapping[str, Filter] = {
    "minutes": Filter(
        "Seconds in whole minutes, as spoken: `5 minutes`, `1 minute`.", _minutes, "number", "text"
    ),
    "seconds": Filter("Seconds as spoken: `45 seconds`.", _seconds, "number", "text"),
    "duration": Filter(
        "Seconds as spoken, in full: `1 hour 5 minutes`.",
        lambda value: spoken_duration(_number(value)),
        "number",
        "text",
    ),
    "time": Filter(
        "A time of day in the file's time zone: `18:05`.",
        lambda zone, value: _local(zone, value, "%H:%M"),
        "number",
        "text",
        zoned=True,
    ),
    "date": Filter(
        "A date in the file's time zone: `2026-01-31`.",
        lambda zone, value: _local(zone, value, "%Y-%m-%d"),
        "number",
        "text",
        zoned=True,
    ),
    "last4": Filter(
        "The last four characters, for numbers that should not be told in full.",
        lambda value: _text(value)[-4:],
        "text",
        "text",
    ),
    "spell": Filter(
        "Letters and digits one by one, so that a voice reads a number as digits.",
        _spell,
        "any",
        "text",
    ),
    "default": Filter(
        "`default(x)`: x when the value is absent.",
        lambda value, other: value,
        "any",
        "any",
        (1, 1),
    ),
    "upper": Filter("Capital letters.", _kept(str.upper), "text", "text"),
    "lower": Filter("Small letters.", _kept(str.lower), "text", "text"),
    "capitalize": Filter("A capital letter first.", _kept(str.capitalize), "text", "text"),
    "trim": Filter("Without spaces at both ends.", _kept(str.strip), "text", "text"),
    "replace": Filter(
        "`replace(old, new)`: every `old` becomes `new`.", _replace, "text", "text", (2, 2)
    ),
    "truncate": Filter(
        "`truncate(20)`: at most so many characters.", _truncate, "text", "text", (1, 1)
    ),
    "urlencode": Filter(
        "As part of an address: `a/b` becomes `a%2Fb`.",
        lambda value: urllib.parse.quote(written(value), safe=""),
        "any",
        "text",
    ),
    "json": Filter("As JSON.", _json_within, "any", "text"),
    "number": Filter('A text such as `"12"` as a number.', _to_number, "any", "number"),
    "round": Filter(
        "Rounded; `round(1)`: to one digit after the point.", _round, "number", "number", (0, 1)
    ),
    "abs": Filter("Without the sign.", lambda value: abs(_number(value)), "number", "number"),
    "length": Filter("How many characters or items.", _length, "any", "number"),
    "first": Filter("The first item.", lambda value: _items(value)[0], "any", "any"),
    "last": Filter("The last item.", lambda value: _items(value)[-1], "any", "any"),
    "join": Filter('`join(", ")`: the items as one text.', _join, "any", "text", (0, 1)),
    "sum": Filter("The items added up.", _sum, "any", "number"),
    "where": Filter(
        '`where("muted")` or `where("direction", "inbound")`: the items of which that is so.',
        _where,
        "any",
        "any",
        (1, 2),
    ),
    "where_not": Filter("The items of which it is not so.", _where_not, "any", "any", (1, 2)),
    "pluck": Filter(
        '`pluck("from")`: that field of every item that has it.', _pluck, "any", "any", (1, 1)
    ),
}

OF_MEMBERS: Mapping[str, Callable[..., Any]] = {
    "where": _by_field_of_members(_where),
    "where_not": _by_field_of_members(_where_not),
    "pluck": _pluck_of_members,
}
"""What filters do instead when the items are members."""

TESTS: Mapping[str, Filter] = {
    "defined": Filter("The value is there.", lambda value: True, gives="flag"),
    "undefined": Filter("The value is absent.", lambda value: False, gives="flag"),
    "none": Filter("It is null.", lambda value: value is None, gives="flag"),
    "starting_with": Filter(
        '`is starting_with("+49")`.',
        _starts,
        "text",
        "flag",
        (1, 1),
    ),
    "ending_with": Filter(
        '`is ending_with(".mp3")`.',
        _ends,
        "text",
        "flag",
        (1, 1),
    ),
    "odd": Filter("An odd number.", lambda value: _number(value) % 2 == 1, "number", "flag"),
    "even": Filter("An even number.", lambda value: _number(value) % 2 == 0, "number", "flag"),
}
