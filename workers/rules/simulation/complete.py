"""Whether an event that somebody wrote has what deciding takes for granted.

Events that the receiver and the engine make always have it; files and flags may not.
"""

from collections.abc import Mapping
from typing import Any

from app.domain.event import Event

_MEMBER = {"member_id": "a text"}
_STEP = {"run": "a text", "step": "a number"}
_NEEDED: Mapping[str, Mapping[str, str]] = {
    "member.entered": _MEMBER,
    "member.exited": _MEMBER,
    "member.digits": {**_MEMBER, "digits": "a text"},
    "member.speaking": _MEMBER,
    "trigger": {"name": "a text"},
    "timer": {"timer": "a text"},
    "schedule": {"rule": "a text", "trigger": "a number"},
    "step.done": _STEP,
    "action.failed": _STEP,
}
_OPTIONAL: Mapping[str, str] = {
    "call_uuid": "a text",
    "from": "a text",
    "to": "a text",
    "caller_name": "a text",
    "direction": "a text",
    "member_id": "a text",
    "recording_id": "a text",
    "url": "a text",
    "due": "a number",
    "run_time": "a number",
    "chain": "a number",
    "duration": "a number",
    "data": "a mapping",
    "members": "a list",
}


def lacks(event: Event) -> str | None:
    """What is missing or of the wrong type, as a sentence; None when it can be decided."""
    if not event.conference and event.kind != "rules.changed":
        return "`conference` is missing"
    needed = _NEEDED.get(event.kind, {})
    for name, wanted in {**_OPTIONAL, **needed}.items():
        if name not in event.data:
            if name in needed:
                return f"`data` has no `{name}`, which {event.kind} needs"
        elif not _is(event.data[name], wanted):
            return f"`{name}` in `data` must be {wanted}, not {event.data[name]!r:.40}"
    return _row_lacks(event.data.get("members", ()))


def _row_lacks(rows: Any) -> str | None:
    for row in rows:
        if not isinstance(row, Mapping) or not _is(row.get("member_id"), "a text"):
            return "every entry of `members` must be a mapping with a `member_id`, a text"
    return None


def _is(value: Any, wanted: str) -> bool:
    if wanted == "a number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    kinds: Mapping[str, type] = {"a text": str, "a mapping": dict, "a list": list}
    return isinstance(value, kinds[wanted])
