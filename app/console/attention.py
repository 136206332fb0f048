"""Attention: what Gavel gave up and what it set aside, grouped by cause; asking again, dropping."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from redis import Redis

from app.console.forms import seconds_of
from app.domain.operator import Operator
from app.errors import Conflict, Unusable
from app.operators.acts import reason_of
from app.operators.attention import GivenUp, SetAside, drop, for_people
from app.operators.batches import ask_all
from app.operators.snoozes import Snooze, snooze, snoozed
from app.store import keys
from app.store.live import live_names

_ADDRESS = re.compile(r"(^|: )[A-Z]+ /\S*: ")
_ASKED = re.compile(r"(^|: )[A-Z]+ /\S* was answered")

SHOWN = 20
"""Rows of a group that are shown; what is done is done to all of them."""


@dataclass(frozen=True, slots=True)
class Row:
    """One that waits; "" is what is not known."""

    conference: str
    at: float
    rule: str


@dataclass(frozen=True, slots=True)
class Group:
    """Those that wait for the same reason, the newest first. `what` says what was not done; `again`
    is whether it can be asked for again; `going_on` those whose conference goes on; `snooze` holds
    as long as no more of them have come."""

    id: str
    what: str
    cause: str
    again: bool
    found: Sequence[GivenUp | SetAside]
    going_on: Sequence[GivenUp]
    snooze: Snooze | None

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
        found.setdefault((_what(one), cause(one.error), again), []).append(one)
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
    `drop` or `snooze`, `expect` how many the person saw. Raises Conflict when there are others by
    now, Unusable, RedisError."""
    group = next((one for one in groups(redis, now) if one.id == wanted.get("group")), None)
    if group is None or str(len(group.found)) != wanted.get("expect"):
        raise Conflict("it has changed since you looked: go back and load the page again")
    reason, do = reason_of(wanted.get("reason", "")), wanted.get("do")
    if do == "snooze":
        told = f"{len(group.found)} x {group.what}"
        seconds = seconds_of(wanted, "for")
        count = len(group.found)
        snooze(redis, group.id, count, seconds, now, operator, told=told, reason=reason)
        return
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
    """The error without the address that was asked: that names the conference and the member."""
    return _ADDRESS.sub(r"\1", _ASKED.sub(r"\1Plivo answered", error, count=1), count=1)


def _row(one: GivenUp | SetAside) -> Row:
    if isinstance(one, GivenUp):
        return Row(str(one.call["conference"]), one.at, str(one.call.get("rule", "")))
    return Row(one.conference, one.at, "")
