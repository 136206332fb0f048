"""The catalogue of filters and tests that `{{ }}` and `if` know: one entry each.

A filter gets a value and plain arguments and returns a value; it raises `ValueError` or
`TypeError` when it has no answer, which makes the condition unknown.
"""

import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.durations import spoken_duration
from workers.rules.expressions import functions


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
    values: tuple[str, ...] = ()
    """All that it can give, when that is known."""


FILTERS: Mapping[str, Filter] = {
    "minutes": Filter(
        "Seconds in whole minutes, as spoken: `5 minutes`, `1 minute`.",
        functions.minutes,
        "number",
        "text",
    ),
    "seconds": Filter("Seconds as spoken: `45 seconds`.", functions.seconds, "number", "text"),
    "duration": Filter(
        "Seconds as spoken, in full: `1 hour 5 minutes`.",
        lambda value: spoken_duration(functions.checked_number(value)),
        "number",
        "text",
    ),
    "time": Filter(
        "A time of day in the file's time zone: `18:05`.",
        lambda zone, value: functions.local(zone, value, "%H:%M"),
        "number",
        "text",
        zoned=True,
    ),
    "date": Filter(
        "A date in the file's time zone: `2026-01-31`.",
        lambda zone, value: functions.local(zone, value, "%Y-%m-%d"),
        "number",
        "text",
        zoned=True,
    ),
    "weekday": Filter(
        "The day of the week in the file's time zone: `monday`, `tuesday`, and so on.",
        functions.weekday,
        "number",
        "text",
        zoned=True,
        values=(*functions.WEEKDAYS[1:], functions.WEEKDAYS[0]),
    ),
    "last4": Filter(
        "The last four characters, for numbers that should not be told in full.",
        lambda value: functions.checked_text(value)[-4:],
        "text",
        "text",
    ),
    "spell": Filter(
        "Letters and digits one by one, so that a voice reads a number as digits.",
        functions.spell,
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
    "upper": Filter("Capital letters.", functions.kept_phone(str.upper), "text", "text"),
    "lower": Filter("Small letters.", functions.kept_phone(str.lower), "text", "text"),
    "capitalize": Filter(
        "A capital letter first.", functions.kept_phone(str.capitalize), "text", "text"
    ),
    "trim": Filter("Without spaces at both ends.", functions.kept_phone(str.strip), "text", "text"),
    "replace": Filter(
        "`replace(old, new)`: every `old` becomes `new`.", functions.replace, "text", "text", (2, 2)
    ),
    "truncate": Filter(
        "`truncate(20)`: at most so many characters.", functions.truncate, "text", "text", (1, 1)
    ),
    "urlencode": Filter(
        "As part of an address: `a/b` becomes `a%2Fb`.",
        lambda value: urllib.parse.quote(functions.written(value), safe=""),
        "any",
        "text",
    ),
    "json": Filter("As JSON.", functions.json_within, "any", "text"),
    "number": Filter('A text such as `"12"` as a number.', functions.to_number, "any", "number"),
    "round": Filter(
        "Rounded; `round(1)`: to one digit after the point.",
        functions.rounded,
        "number",
        "number",
        (0, 1),
    ),
    "abs": Filter(
        "Without the sign.", lambda value: abs(functions.checked_number(value)), "number", "number"
    ),
    "length": Filter("How many characters or items.", functions.length, "any", "number"),
    "first": Filter("The first item.", lambda value: functions.item_at(value, 0), "list", "any"),
    "last": Filter("The last item.", lambda value: functions.item_at(value, -1), "list", "any"),
    "join": Filter('`join(", ")`: the items as one text.', functions.join, "list", "text", (0, 1)),
    "sum": Filter("The items added up.", functions.total, "list", "number"),
    "where": Filter(
        '`where("muted")` or `where("direction", "inbound")`: the items of which that is so.',
        functions.where,
        "list",
        "list",
        (1, 2),
    ),
    "where_not": Filter(
        "The items of which it is not so.", functions.where_not, "list", "list", (1, 2)
    ),
    "matching": Filter(
        '`matching("support-*")`: the items, texts, that the glob matches.',
        functions.matching,
        "list",
        "list",
        (1, 1),
    ),
    "pluck": Filter(
        '`pluck("from")`: that field of every item that has it.',
        functions.pluck,
        "list",
        "list",
        (1, 1),
    ),
}

OF_MEMBERS: Mapping[str, Callable[..., Any]] = {
    "where": functions.by_field_of_members(functions.where),
    "where_not": functions.by_field_of_members(functions.where_not),
    "pluck": functions.pluck_of_members,
}
"""What filters do instead when the items are members."""

TESTS: Mapping[str, Filter] = {
    "defined": Filter("The value is there.", lambda value: True, gives="flag"),
    "undefined": Filter("The value is absent.", lambda value: False, gives="flag"),
    "none": Filter("It is null.", lambda value: value is None, gives="flag"),
    "starting_with": Filter(
        '`is starting_with("+49")`.',
        functions.starts_with,
        "text",
        "flag",
        (1, 1),
    ),
    "ending_with": Filter(
        '`is ending_with(".mp3")`.',
        functions.ends_with,
        "text",
        "flag",
        (1, 1),
    ),
    "odd": Filter(
        "An odd number.", lambda value: functions.checked_number(value) % 2 == 1, "number", "flag"
    ),
    "even": Filter(
        "An even number.", lambda value: functions.checked_number(value) % 2 == 0, "number", "flag"
    ),
}

OTHER_NAMES: Mapping[str, str] = {
    **dict.fromkeys(("int", "float", "integer", "to_int"), "number"),
    **dict.fromkeys(("count", "len", "size"), "length"),
    **dict.fromkeys(("day", "dayofweek", "day_of_week", "today"), "weekday"),
    **dict.fromkeys(("hour", "hours", "clock", "time_of_day"), "time"),
    "strip": "trim",
    "title": "capitalize",
    "tojson": "json",
    "to_json": "json",
    "map": "pluck",
    **dict.fromkeys(("glob", "match", "like", "grep"), "matching"),
    "select": "where",
    "selectattr": "where",
    "filter": "where",
    "reject": "where_not",
    "rejectattr": "where_not",
    **dict.fromkeys(("startswith", "beginswith", "starts_with", "begins_with"), "starting_with"),
    **dict.fromkeys(("endswith", "ends_with"), "ending_with"),
    **dict.fromkeys(("tolowercase", "lowercase", "tolower", "downcase"), "lower"),
    **dict.fromkeys(("touppercase", "uppercase", "toupper", "upcase"), "upper"),
    **dict.fromkeys(("set", "present", "existing", "exists", "known"), "defined"),
    **dict.fromkeys(("null", "nil", "missing", "absent", "unknown"), "undefined"),
}
"""What people call filters and tests elsewhere."""

HINTS: Mapping[str, str] = {
    **dict.fromkeys(
        ("string", "str", "text", "to_string"),
        "; ~ makes a text of what it joins, and {{ }} of what is in it",
    ),
    **dict.fromkeys(
        ("strftime", "format", "date_format", "timestamp_custom", "format_date"),
        "; a time is written by `| time`, `| date` and `| weekday`",
    ),
    **dict.fromkeys(("true", "false"), "; a flag is asked by itself: `member.muted`, `not ...`"),
    **dict.fromkeys(("equalto", "sameas"), "; write =="),
    **dict.fromkeys(
        ("in", "contains"), "; write `in` without `is`: `x in [...]`, `x not in [...]`"
    ),
    "empty": "; compare it with an empty text, or its `| length` with 0",
}
"""What to say of those that are no filter or test under another name."""
