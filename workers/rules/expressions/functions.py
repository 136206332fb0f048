"""What filters and tests do: plain functions of values.

They raise `ValueError` or `TypeError` where they have no answer. What each is for, and what it
gives, stands in the catalogue (`filters`).
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from app.callers.phones import Phone, WithPhone, ends, plain_phone, spellings, starts
from app.domain.globs import glob_matcher
from workers.rules.expressions.bounds import check_replaced, check_size, joined_within
from workers.rules.vocabulary.comparing.values import compare_equal
from workers.rules.vocabulary.names import MEMBER

LONGEST_GLOB = 256
"""Characters, for texts and glob may both come from outside."""

WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
"""As `strftime` counts them."""


def minutes(value: Any) -> str:
    minutes = int((checked_number(value) + 30) // 60)
    if minutes < 1:
        return "less than a minute"
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def seconds(value: Any) -> str:
    seconds = round(checked_number(value))
    return "1 second" if seconds == 1 else f"{seconds} seconds"


def checked_number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("it needs a number")
    return value


def checked_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("it needs a text")
    return value


def checked_items(value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise TypeError("it needs a list")
    return list(value)


def local(zone: tzinfo, value: Any, form: str) -> str:
    """A time (seconds since the epoch) by the clock of that zone, as `strftime` writes it."""
    try:
        return datetime.fromtimestamp(checked_number(value), zone).strftime(form)
    except (OverflowError, OSError, ValueError) as error:
        raise ValueError("it is no time") from error


def weekday(zone: tzinfo, value: Any) -> str:
    """The day in words, whatever the language of the machine."""
    return WEEKDAYS[int(local(zone, value, "%w"))]


def length(value: Any) -> int:
    if not isinstance(value, str | list | tuple | Mapping):
        raise TypeError("it needs a text or a list")
    return len(plain_phone(value) if isinstance(value, Phone) else value)


def item_at(value: Any, place: int) -> Any:
    items = checked_items(value)
    if not items:
        raise ValueError("it is empty")
    return items[place]


def join(value: Any, between: Any = ", ") -> str:
    return joined_within([written(item) for item in checked_items(value)], checked_text(between))


def rounded(value: Any, digits: Any = 0) -> float:
    if not isinstance(digits, int) or not 0 <= digits <= 9:
        raise ValueError("it rounds to 0 to 9 digits")
    return round(checked_number(value), digits) if digits else round(checked_number(value))


def to_number(value: Any) -> float:
    if isinstance(value, str):
        try:
            number = float(value) if len(value) <= 40 else float("nan")
        except ValueError:
            number = float("nan")
        if number != number or abs(number) > 1e15:
            raise ValueError("it is no number")
        return int(number) if number.is_integer() else number
    return checked_number(value)


def replace(value: Any, old: Any, new: Any) -> str:
    if not old:
        raise ValueError("it needs a text to replace")
    is_phone = isinstance(value, Phone)
    if isinstance(value, Phone):
        value = spellings(value)[-1 if "+" in checked_text(old) else 0]
    check_replaced(checked_text(value), checked_text(old), checked_text(new))
    if is_phone:
        return WithPhone(value.replace(checked_text(old), checked_text(new)))
    return checked_text(value).replace(checked_text(old), checked_text(new))


def truncate(value: Any, length: Any) -> str:
    text, end = checked_text(value), max(0, int(checked_number(length)))
    return Phone(plain_phone(text)[:end]) if isinstance(value, Phone) else text[:end]


def kept_phone(apply: Callable[[str], str]) -> Callable[[Any], str]:
    """A change of a text that leaves it a telephone number if it is one."""

    def run(value: Any) -> str:
        text = apply(checked_text(value))
        return type(value)(text) if isinstance(value, Phone) else text

    return run


def starts_with(value: Any, start: Any) -> bool:
    text, wanted = checked_text(value), checked_text(start)
    return starts(text, wanted) if isinstance(value, Phone) else text.startswith(wanted)


def ends_with(value: Any, end: Any) -> bool:
    text, wanted = checked_text(value), checked_text(end)
    return ends(text, wanted) if isinstance(value, Phone) else text.endswith(wanted)


def where(value: Any, name: Any, *wanted: Any) -> list[Any]:
    return [item for item in checked_items(value) if holds(item, name, wanted)]


def where_not(value: Any, name: Any, *wanted: Any) -> list[Any]:
    return [item for item in checked_items(value) if not holds(item, name, wanted)]


def holds(item: Any, name: Any, wanted: tuple[Any, ...]) -> bool:
    found = item.get(name) if isinstance(item, Mapping) else None
    return compare_equal(found, wanted[0]) if wanted else bool(found)


def matching(value: Any, glob: Any) -> list[Any]:
    if len(checked_text(glob)) > LONGEST_GLOB:
        raise ValueError(f"a glob has at most {LONGEST_GLOB} characters")
    matches = glob_matcher(glob)
    return [item for item in checked_items(value) if _is_matched(item, matches)]


def _is_matched(item: Any, matches: Callable[[str], bool]) -> bool:
    if isinstance(item, Phone):
        return any(map(matches, spellings(item)))
    return isinstance(item, str) and matches(item)


def pluck(value: Any, name: Any) -> list[Any]:
    items = [item for item in checked_items(value) if isinstance(item, Mapping)]
    return [item[name] for item in items if name in item]


def by_field_of_members(apply: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """`where` and `where_not` for members: their numbers compare as such."""

    def run(value: Any, name: Any, *wanted: Any) -> list[Any]:
        if is_phone(name):
            wanted = tuple(Phone(one) if type(one) is str else one for one in wanted)
        return apply(value, name, *wanted)

    return run


def pluck_of_members(value: Any, name: Any) -> list[Any]:
    found = pluck(value, name)
    return [Phone(one) for one in found] if is_phone(name) else found


def is_phone(name: Any) -> bool:
    return isinstance(name, str) and name in MEMBER and MEMBER[name].type == "phone"


def spell(value: Any) -> str:
    return " ".join(character for character in written(value) if character.isalnum())


def total(value: Any) -> float:
    return sum(checked_number(item) for item in checked_items(value))


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
    return "" if value is None else as_json(value)


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=list)


def json_within(value: Any) -> str:
    check_size(value)
    return as_json(value)


def written(value: Any) -> str:
    """`as_text` of what is not too large for it. Raises `Unknown`."""
    check_size(value)
    return as_text(value)
