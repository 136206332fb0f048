"""The outbox of one conference: calls to make, in order. Values only; the processor sends them.

The order is that of the decisions. Calls that are the same but for their members go out as one:
a later one may join an earlier one past calls for other members, never past one for its own
members, for everybody, for the conference, or of its own run; so each member sees them in order.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Self

from app.domain.call import Call
from app.domain.event import Event, new_id
from app.json_text import decode, encode
from workers.rules.vocabulary.actions import VERBS

MEMBERS_AT_ONCE = 50
UNREADABLE = (ValueError, TypeError, LookupError, RecursionError)
"""What reading a damaged row may raise."""


class Entry(NamedTuple):
    """A call that waits. `sending` is set before it goes out and gone after: found at the start of
    a worker's turn it means that the one before died in between. `not_before` in epoch seconds.
    `alone`: not to be merged with others."""

    call: Call
    attempts: int = 0
    not_before: float = 0.0
    sending: bool = False
    alone: bool = False

    def is_late(self, latest: float) -> bool:
        """Is it too late for this call, by the latest that it can be now?"""
        return self.call.expires_at is not None and latest > self.call.expires_at


class Outbox(NamedTuple):
    """`sent_at` is when this conference's last call went out (epoch seconds, 0 for never)."""

    entries: tuple[Entry, ...] = ()
    sent_at: float = 0.0

    @classmethod
    def from_json(cls, text: bytes | None) -> tuple[Self, tuple[bytes, ...]]:
        """Also answers what of it can not be read: calls, or the whole."""
        if not text:
            return cls(), ()
        try:
            stored = decode(text)
            rows, sent_at = list(stored["entries"]), float(stored["sent_at"])
        except (*UNREADABLE, AttributeError):
            return cls(), (text,)
        entries, damaged = [], []
        for row in rows:
            try:
                entries.append(_read(*row))
            except UNREADABLE:
                damaged.append(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace"))
        return cls(tuple(entries), sent_at), tuple(damaged)

    def to_json(self) -> str:
        """The stored form, "-" for one that need not be kept."""
        if not self.entries and not self.sent_at:
            return "-"
        rows = [
            (e.call.to_json_dict(), e.attempts, e.not_before, e.sending, e.alone)
            for e in self.entries
        ]
        return encode({"entries": rows, "sent_at": round(self.sent_at, 3)})

    def add(self, calls: Iterable[Call]) -> Self:
        """Append calls; one for several members becomes several where Plivo takes one id."""
        added = [entry for call in calls for entry in _entries(call)]
        return self._replace(entries=self.entries + tuple(added))

    def without(self, gone: Iterable[Entry]) -> Self:
        ids = {entry.call.id for entry in gone}
        return self._replace(entries=tuple(e for e in self.entries if e.call.id not in ids))

    def without_run(self, run: str) -> tuple[Self, tuple[Entry, ...]]:
        """Drop what is left of a run that was stopped; also answers what was dropped."""
        dropped = tuple(entry for entry in self.entries if entry.call.run == run)
        return self.without(dropped), dropped

    def update(self, changed: Iterable[Entry]) -> Self:
        by_id = {entry.call.id: entry for entry in changed}
        return self._replace(entries=tuple(by_id.get(e.call.id, e) for e in self.entries))

    def split(self, group: Sequence[Entry]) -> Self:
        """Put one entry a member in the place of calls that went out as one, to find out which
        of the members the API does not know."""
        ids = {entry.call.id for entry in group}
        entries: list[Entry] = []
        for entry in self.entries:
            entries += _single(entry) if entry.call.id in ids else [entry]
        return self._replace(entries=tuple(entries))

    def mark(self, group: Sequence[Entry], now: float) -> Self:
        """The group is about to be sent."""
        marked = [e._replace(sending=True, attempts=e.attempts + 1) for e in group]
        return self.update(marked)._replace(sent_at=now)

    def left_sending(self) -> tuple[Entry, ...]:
        """What a worker that died had marked and not recorded."""
        return tuple(entry for entry in self.entries if entry.sending)


def read_call(stored: Mapping[str, Any]) -> Call:
    """A call as it was stored. Raises one of `UNREADABLE` for what is none."""
    call = Call.from_json_dict(stored)
    if call.verb not in VERBS or not isinstance(call.params, dict):
        raise ValueError(f"no call: {call.verb!r}")
    return call


def _read(
    call: Mapping[str, Any], attempts: int, not_before: float, sending: bool, alone: bool
) -> Entry:
    return Entry(read_call(call), int(attempts), float(not_before), bool(sending), bool(alone))


def next_group(entries: Sequence[Entry], now: float) -> tuple[Entry, ...]:
    """The first call and those that may go out with it as one; empty for an empty outbox.

    The first may have to wait until its `not_before`; the others then are there, too.
    """
    if not entries:
        return ()
    head = entries[0]
    when = max(head.not_before, now)
    if not mergeable(head):
        return (head,)
    group = [head]
    members = set(head.call.members)
    passed_members: set[str] = set()
    passed_runs: set[str] = set()
    for entry in entries[1:]:
        call = entry.call
        if not call.members or call.members == ("all",):
            break
        mine = set(call.members)
        joins = (
            _alike(head, entry)
            and entry.not_before <= when
            and not mine & (members | passed_members)
            and call.run not in passed_runs
            and len(members) + len(mine) <= MEMBERS_AT_ONCE
        )
        if joins:
            group.append(entry)
            members |= mine
        else:
            passed_members |= mine
            passed_runs.add(call.run)
    return tuple(group)


def merged(group: Sequence[Entry]) -> Call:
    """One call that stands for the whole group; it expires when the first of them does."""
    first = group[0].call
    if len(group) == 1:
        return first
    ends = [entry.call.expires_at for entry in group if entry.call.expires_at is not None]
    members = tuple(member for entry in group for member in entry.call.members)
    return replace(first, members=members, expires_at=min(ends) if ends else None)


def _entries(call: Call) -> list[Entry]:
    entry = Entry(call)
    if VERBS[call.verb].members == "single" and len(call.members) > 1:
        return _single(entry)
    return [entry]


def _single(entry: Entry) -> list[Entry]:
    call = entry.call
    return [
        entry._replace(
            call=replace(call, id=f"{call.id}/{member}", members=(member,)),
            sending=False,
            alone=True,
        )
        for member in call.members
    ]


def mergeable(entry: Entry) -> bool:
    """May others go out with this call?"""
    call = entry.call
    return (
        VERBS[call.verb].members == "list"
        and bool(call.members)
        and call.members != ("all",)
        and not entry.alone
    )


def _alike(head: Entry, entry: Entry) -> bool:
    one, other = head.call, entry.call
    return (
        mergeable(entry)
        and one.verb == other.verb
        and one.uuid == other.uuid
        and one.params == other.params
    )


def for_journal(
    group: Sequence[Entry], status: str, error: str, ids: Sequence[str]
) -> dict[str, Any]:
    """What the journal tells of calls that went out as one; `ids`: by what Plivo knows them."""
    call = merged(group)
    fields: dict[str, Any] = {
        "call": call.id,
        "verb": call.verb,
        "members": list(call.members),
        "rule": call.rule,
        "event": call.event,
        "status": status,
        "attempt": group[0].attempts,
    }
    if part := call.params.get("part"):
        fields["part"] = part
    if others := dict.fromkeys(one.call.event for one in group if one.call.event != call.event):
        fields["with"] = list(others)
    if error:
        fields["error"] = error
    if ids:
        fields["api_id"] = ",".join(ids)
    return fields


def outcome(call: Call, error: str = "", found_out: Mapping[str, Any] | None = None) -> Event:
    """The event that tells a run what became of its step, and what was found out with it."""
    data = {"run": call.run, "step": call.step, "call": call.id, "verb": call.verb}
    data |= found_out or {}
    if error:
        data |= {"error": error, "rule": call.rule}
    return Event(
        id=new_id(),
        kind="action.failed" if error else "step.done",
        conference=call.conference,
        at=0.0,
        uuid=call.uuid,
        data=data,
        trace=call.trace,
    )
