"""Acting by hand: one step of `do`, asked for by a person, accepted as an event.

It waits in the inbox of its conference like every event; a worker reads it, by the schemas of
rules, and does it or says in the journal why not.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.event import Event, checked_name, new_id
from app.domain.operator import LONGEST_REASON, Operator
from app.domain.suggest import did_you_mean, quoted
from app.errors import Unusable
from app.nesting import is_deeper
from app.operators.audit import Entry
from app.store.idempotency import accept_once, named
from app.store.inbox import Inbox
from app.store.published_rules import Published

LONGEST_STEP = 16_384
DEEPEST = 24
LONGEST_WORDS = 160
_NOT_LISTED = re.compile(r"member\.from not in lists\.(\w+)")
_BESIDE = frozenset({"expires_in", "on_error", "confirm", "data"})


@dataclass(frozen=True, slots=True)
class Act:
    """One step of `do` as JSON, such as `{"mute": "all"}`, for a conference. `instance` is the
    ConferenceUUID that it is meant for; "" for whichever is there."""

    conference: str
    do: Any
    reason: str = ""
    instance: str = ""

    @property
    def for_all(self) -> bool:
        """Does it reach conferences other than its own?"""
        return isinstance(self.do, Mapping) and self.do.get("hang_up") == "every_conference"


def act(
    inbox: Inbox, wanted: Act, operator: Operator, *, key: str = "", rules: Published | None = None
) -> str:
    """Accept what somebody wants done; the id of its event, by which the journal tells of it.

    `rules` help to refuse an action that there is not. Raises Unusable, and RedisError.
    """
    do = step_of(wanted.do)
    if rules is not None and rules.by_hand:
        _refuse_unknown(do, rules.by_hand)
    data: dict[str, Any] = {
        "do": do,
        "operator": operator.name,
        "how": operator.how,
        "asked": in_words(do),
        "reason": reason_of(wanted.reason),
    }
    name = checked_name(wanted.conference, "conference")
    if not (wanted.instance.isascii() and wanted.instance.isprintable()):
        raise Unusable("instance: must be a ConferenceUUID")
    whose = f"act:{operator.how}:{operator.name}:"
    event = Event(new_id(), "operator.acted", name, 0.0, wanted.instance, data)
    event = named(event, key, whose)
    entry = Entry.by(
        operator,
        "act",
        data["asked"],
        conference=name,
        reason=data["reason"],
        outcome="accepted",
        event=event.id,
    )
    if accept_once(inbox, event, key, whose, entry.to_json()).new:
        entry.tell()
    return event.id


def step_of(do: Any) -> dict[str, Any]:
    """A step in its long form: `record` is `{"record": null}`. Raises Unusable for what can be
    none, whatever the rules say."""
    if isinstance(do, str) and do.strip():
        return {do.strip(): None}
    if not isinstance(do, dict) or not do:
        raise Unusable('do: must be one step, such as {"mute": "all"}')
    try:
        text = json.dumps(do, ensure_ascii=False, allow_nan=False)
        text.encode("utf-8")
    except (ValueError, TypeError, RecursionError):
        raise Unusable("do: must be UTF-8 text and finite numbers") from None
    if len(text) > LONGEST_STEP:
        raise Unusable(f"do: must have at most {LONGEST_STEP} characters")
    if is_deeper(do, DEEPEST):
        raise Unusable(f"do: must not be nested deeper than {DEEPEST}")
    return do


def reason_of(text: str) -> str:
    """Why somebody does it, on one line. Raises Unusable."""
    reason = " ".join(text.split())
    if len(reason) > LONGEST_REASON:
        raise Unusable(f"reason: must have at most {LONGEST_REASON} characters")
    try:
        reason.encode("utf-8")
    except UnicodeEncodeError:
        raise Unusable("reason: must be UTF-8 text") from None
    return reason


def in_words(do: Mapping[str, Any]) -> str:
    """A step on one short line, as a story tells it: `mute everyone`, `speak to member 7: “Hi”`."""
    text = ", ".join(_in_words(name, value) for name, value in do.items())
    return text if len(text) <= LONGEST_WORDS else text[: LONGEST_WORDS - 1] + "…"


def _in_words(name: str, value: Any) -> str:
    verb = name.replace("_", " ")
    match value:
        case None:
            return verb
        case "conference" if name == "hang_up":
            return "hang up the conference"
        case str() if name == "extend":
            return f"extend by {value}"
        case {"to": to, "text": str() as text} if len(value) == 2:
            return f"{verb} to {_whom(to)}: “{text}”"
    return f"{verb} {_whom(value)}"


def _whom(value: Any) -> str:
    match value:
        case "all":
            return "everyone"
        case {"where": str() as where} if len(value) == 1:
            listed = _NOT_LISTED.fullmatch(where)
            return f"everyone but {listed[1]}" if listed else f"everyone where {where}"
        case [*members] if members and all(isinstance(one, str) for one in members):
            return f"member{'s' if len(members) > 1 else ''} {', '.join(members)}"
        case str():
            return value
    return json.dumps(value, ensure_ascii=False)


def _refuse_unknown(do: Mapping[str, Any], known: tuple[str, ...]) -> None:
    if any(name in known for name in do):
        return
    name = next((name for name in do if name not in _BESIDE), "")
    raise Unusable(f"do: no action {quoted(name)} by hand{did_you_mean(name, known)}")
