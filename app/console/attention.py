"""Attention: what Gavel gave up and what it set aside, grouped by cause; asking again, dropping."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from redis import Redis

from app.console.forms import seconds_of, wish
from app.domain.operator import Operator
from app.errors import Conflict, Unusable
from app.operators.acts import reason_of
from app.operators.attention import GivenUp, SetAside, drop, for_people
from app.operators.batches import ask_all
from app.operators.snoozes import Snooze, snooze, snoozed
from app.store import keys
from app.store.live import live_names

_ATTEMPTS = re.compile(r"\bexpired after \d+ attempts?: ")
_DIFFER = (
    (re.compile(r"\b[A-Z]+ /\S* was answered"), "Plivo answered"),
    (re.compile(r"\b[A-Z]+ /\S*: "), ""),
    (re.compile(r"(https?://[^/\s\"']+)[^\s\"']*"), r"\1"),
    (re.compile(r"\b([Mm]embers?) \d+(?:, ?\d+)*"), r"\1"),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "…"),
)
"""What differs from call to call where the cause is the same, and what stands in its place:
addresses (of which a host stays), members, ids."""
WITHOUT_ANYBODY = ("webhook", "archive")
"""What is worth asking for again when nobody is in the conference any more."""
REMEMBERED_SECONDS = 86400
"""So long a form is known again that is sent twice."""

SHOWN = 20
"""Rows of a group that are shown; what is done is done to all of them."""


@dataclass(frozen=True, slots=True)
class Row:
    """One that waits; "" is what is not known. `key` and `uuid` are of its conference and of that
    one's instance, `event` is what it came of, `recording` the id of the one it is about."""

    conference: str
    at: float
    rule: str
    key: str = ""
    uuid: str = ""
    event: str = ""
    recording: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Those that wait for the same reason, the newest first. `what` says what was not done; `again`
    is whether it can be asked for again, `for_nobody` whether also when its conference is over;
    `going_on` those whose conference goes on; `snooze` holds as long as no more of them have come.
    """

    id: str
    what: str
    cause: str
    again: bool
    found: Sequence[GivenUp | SetAside]
    going_on: Sequence[GivenUp]
    snooze: Snooze | None

    @property
    def for_nobody(self) -> bool:
        return self.what in WITHOUT_ANYBODY

    @property
    def rows(self) -> Sequence[Row]:
        """The first `SHOWN` of them."""
        return [_row(one) for one in self.found[:SHOWN]]


def groups(redis: Redis, now: float) -> Sequence[Group]:
    """Everything that waits for a person, the largest group first, snoozed ones last. Raises
    RedisError."""
    found: dict[tuple[str, str, bool], list[GivenUp | SetAside]] = {}
    for one in for_people(redis):
        again = isinstance(one, GivenUp)
        found.setdefault((_what(one), _cause(one), again), []).append(one)
    live = live_names(redis).values() if found else ()
    snoozes = snoozed(redis, now) if found else {}
    made = []
    for (what, why, again), ones in found.items():
        id = keys.digest(f"{what}\n{why}\n{again}")
        snooze = snoozes.get(id)
        if snooze is not None and snooze.count < len(ones):
            snooze = None
        going_on = [
            one for one in ones if isinstance(one, GivenUp) and one.call["conference"] in live
        ]
        made.append(Group(id, what, why, again, ones[::-1], going_on, snooze))
    return sorted(made, key=lambda group: (group.snooze is not None, -len(group.found), group.id))


def settle(redis: Redis, wanted: Mapping[str, str], operator: Operator, now: float) -> None:
    """Do with a whole group what a form of the page asks for: `do` is `retry`, `retry_going_on`,
    `drop` or `snooze`, `expect` how many the person saw. A form that is sent again does nothing
    more. Raises Conflict when there are others by now, Unusable, RedisError."""
    sent = keys.seen(f"attention:{operator.name}:{wish(wanted)}")
    if "once" in wanted and redis.exists(sent):
        return
    group = next((one for one in groups(redis, now) if one.id == wanted.get("group")), None)
    if group is None or str(len(group.found)) != wanted.get("expect"):
        raise Conflict("it has changed since you looked: go back and load the page again")
    reason, do = reason_of(wanted.get("reason", "")), wanted.get("do")
    if not reason:
        raise Unusable("reason: say why; the audit keeps it")
    if do == "snooze":
        told = f"{len(group.found)} x {group.what}"
        seconds = seconds_of(wanted, "for")
        count = len(group.found)
        snooze(redis, group.id, count, seconds, now, operator, told=told, reason=reason)
        return
    redis.set(sent, group.id, ex=REMEMBERED_SECONDS)
    if do == "drop":
        for one in group.found:
            drop(redis, one, operator, reason)
    elif do in ("retry", "retry_going_on") and group.again:
        chosen = group.going_on if do == "retry_going_on" else group.found
        calls = [one for one in chosen if isinstance(one, GivenUp)]
        ask_all(redis, calls, now, operator, reason, group.what)
    else:
        raise Unusable("do: must be retry or drop, and only a call can be asked for again")


def _what(one: GivenUp | SetAside) -> str:
    if isinstance(one, GivenUp):
        return str(one.call["verb"]).replace("_", " ")
    return f"{one.what} {one.kind}".strip()


def cause(error: str) -> str:
    """The error without what differs from one call to the next of the same cause, but for how often
    it was tried."""
    for differs, instead in _DIFFER:
        error = differs.sub(instead, error)
    return error


def _cause(one: GivenUp | SetAside) -> str:
    """The same without the name of its conference, and however often it was tried."""
    told = _ATTEMPTS.sub("", cause(one.error))
    name = str(one.call["conference"]) if isinstance(one, GivenUp) else one.conference
    return re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "…", told) if name else told


def _row(one: GivenUp | SetAside) -> Row:
    if isinstance(one, SetAside):
        key = keys.conference_key(one.conference) if one.conference else ""
        return Row(one.conference, one.at, "", key, event=one.event)
    call = one.call
    name, params = str(call["conference"]), call.get("params")
    about = params.get("recording") if isinstance(params, Mapping) else None
    return Row(
        name,
        one.at,
        str(call.get("rule", "")),
        keys.conference_key(name),
        str(call.get("uuid", "")),
        str(call.get("event", "")),
        str(about.get("id", "")) if isinstance(about, Mapping) else "",
    )
