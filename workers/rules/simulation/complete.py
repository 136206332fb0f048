"""Whether an event that somebody wrote has what deciding takes for granted.

Events that the receiver and the engine make always have it; files and flags may not.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from app.domain.event import Event
from workers.rules.vocabulary.triggers import EVENTS

_TYPES: Mapping[str, tuple[str, type | tuple[type, ...]]] = {
    "text": ("a text", str),
    "number": ("a number", (int, float)),
    "seconds": ("a number", (int, float)),
    "mapping": ("a mapping", dict),
    "rows": ("a list", list),
}
_FIELDS: Mapping[str, str] = {
    name: form.rstrip("!") for kind in EVENTS.values() for name, form in kind.data.items()
}
"""What any event may have, for a field is of the same type in all."""


def needed(kind: str) -> Iterator[str]:
    """The names that the data of such an event must have."""
    for name, form in EVENTS[kind].data.items() if kind in EVENTS else ():
        if form.endswith("!"):
            yield name


def lacks(event: Event) -> str | None:
    """What is missing or of the wrong type, as a sentence; None when it can be decided."""
    if not event.conference and event.kind != "rules.changed":
        return "`conference` is missing"
    for name in needed(event.kind):
        if name not in event.data:
            return f"`data` has no `{name}`, which {event.kind} needs"
    for name, value in event.data.items():
        wanted, is_it = _TYPES.get(_FIELDS.get(name, ""), ("", object))
        if not isinstance(value, is_it) or (wanted == "a number" and isinstance(value, bool)):
            return f"`{name}` in `data` must be {wanted}, not {value!r:.40}"
    return _row_lacks(event.data.get("members", ()))


def _row_lacks(rows: Any) -> str | None:
    for row in rows:
        if not isinstance(row, Mapping) or not isinstance(row.get("member_id"), str):
            return "every entry of `members` must be a mapping with a `member_id`, a text"
    return None
