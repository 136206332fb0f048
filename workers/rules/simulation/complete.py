"""Whether an event that somebody wrote has what deciding takes for granted.

Events that the receiver and the engine make always have it; files and flags may not.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from app.domain.event import Event
from workers.rules.vocabulary.triggers import EVENTS

LONGEST_SAID = 40
_TYPES: Mapping[str, tuple[str, type | tuple[type, ...]]] = {
    "text": ("a text", str),
    "number": ("a number", (int, float)),
    "seconds": ("a number", (int, float)),
    "mapping": ("a mapping", dict),
    "rows": ("a list", list),
}


def _shared() -> Mapping[str, str]:
    """What any event may have: the fields that are of one type in all kinds that name them."""
    found: dict[str, set[str]] = {}
    for kind in EVENTS.values():
        for name, form in kind.data.items():
            found.setdefault(name, set()).add(form.rstrip("!"))
    return {name: forms.pop() for name, forms in found.items() if len(forms) == 1}


_FIELDS = _shared()


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
    own = EVENTS[event.kind].data if event.kind in EVENTS else {}
    for name, value in event.data.items():
        form = own.get(name, "").rstrip("!") or _FIELDS.get(name, "")
        wanted, is_it = _TYPES.get(form, ("", object))
        if not isinstance(value, is_it) or (wanted == "a number" and isinstance(value, bool)):
            return f"`{name}` in `data` must be {wanted}, not {_said(value)}"
    return _row_lacks(event.data.get("members", ()))


def _said(value: Any) -> str:
    """A value in a sentence: a long one by its kind, never cut."""
    text = repr(value)
    if len(text) <= LONGEST_SAID:
        return text
    kinds: Mapping[type, str] = {dict: "a mapping", list: "a list", str: "a long text"}
    return kinds.get(type(value), "a long number")


def _row_lacks(rows: Any) -> str | None:
    for row in rows:
        if not isinstance(row, Mapping) or not isinstance(row.get("member_id"), str):
            return "every entry of `members` must be a mapping with a `member_id`, a text"
    return None
