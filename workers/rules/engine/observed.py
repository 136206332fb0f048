"""A look at Plivo's own list: it wins for who is there, callbacks win for who they are.

The list is a snapshot that may be older than the last callback: what we heard within `GRACE`
seconds before it was asked for stands against it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.domain.durations import format_duration
from app.domain.event import Event
from workers.rules.engine import timers
from workers.rules.engine.occurrence import Occurrence
from workers.rules.engine.state import MutableConference, entry_facts
from workers.rules.engine.transitions import Deciding, end, enter, leave

GRACE = 3.0
TOLERANCE = 2.0
"""Seconds by which a run time may differ from the age we know."""

Row = Mapping[str, Any]


def observed(deciding: Deciding, event: Event) -> Iterator[Occurrence]:
    """Members we missed enter now, those who are missing leave, and a conference that is gone
    ends. `as_of` in its data is when the list was asked for, else the event's own time; from a
    `partial` list, in which not everybody could be read, nobody's absence is concluded."""
    state, data = deciding.state, event.data
    fresh_since = data.get("as_of", event.at) - GRACE
    if data.get("gone"):
        if state.live and state.seen < fresh_since:
            _disbelieve(deciding, fresh_since)
            yield from end(deciding, event, event.id)
        elif state.live:
            deciding.ignore(
                event, f"a callback came within {format_duration(GRACE)} before the list was read"
            )
        return
    rows: Sequence[Row] = data.get("members", ())
    partial = data.get("partial", False)
    started_at = event.at - data["run_time"] if "run_time" in data else None
    if state.doubted:
        yield from _settle(deciding, event, rows, fresh_since)
    if state.live and not partial and _is_another(state, rows, started_at):
        if state.seen >= fresh_since:
            return
        yield from end(deciding, event, f"{event.id}-end")
    elif not state.live and not _may_begin(deciding, started_at, fresh_since):
        return
    yield from _arrivals(deciding, event, rows, started_at)
    _correct_start(deciding, event, started_at)
    _learn_muted(state, rows, fresh_since, by_acts=bool(deciding.rules.ensuring))
    if rows and not partial:
        yield from _departures(deciding, event, rows, fresh_since)


def _is_another(state: MutableConference, rows: Sequence[Row], started_at: float | None) -> bool:
    """A run time much shorter than the age we know, and nobody whom we know: the name was reused
    while we did not look. (The run time alone could have begun after members were on hold.)"""
    if started_at is None or started_at - state.started_at <= TOLERANCE + GRACE:
        return False
    return bool(rows) and not any(_knows(state, row) for row in rows)


def _knows(state: MutableConference, row: Row) -> bool:
    member = state.members.get(row["member_id"])
    if member is None:
        return state.has_left(row["member_id"], row.get("call_uuid", ""))
    calls = {member.facts.get("call_uuid", ""), row.get("call_uuid", "")} - {""}
    return len(calls) < 2


def _settle(
    deciding: Deciding, event: Event, rows: Sequence[Row], fresh_since: float
) -> Iterator[Occurrence]:
    """Of enters of another instance: who is in the list is there, and this instance is over unless
    one of its own is in it as well. A list with nobody of them settles those from before it."""
    state = deciding.state
    theirs = [row for row in rows if any(_is_of(state, row, one[3]) for one in state.doubted)]
    if theirs and not any(_knows(state, row) for row in rows if row not in theirs):
        yield from end(deciding, event, f"{event.id}-end")
    elif rows and not theirs and not event.data.get("partial"):
        _disbelieve(deciding, fresh_since)


def _is_of(state: MutableConference, row: Row, data: Mapping[str, Any]) -> bool:
    """By the call where both have one, else by a member's id that is none of this instance's."""
    one, other = row.get("call_uuid", ""), data.get("call_uuid", "")
    if one and other:
        return bool(one == other)
    return bool(row["member_id"] == data["member_id"]) and not _knows(state, row)


def _disbelieve(deciding: Deciding, fresh_since: float) -> None:
    """Plivo does not know of these, and has had the time to."""
    state = deciding.state
    for _, at, _, _ in state.doubted:
        if at < fresh_since:
            deciding.notes.append("member.entered ignored: Plivo does not know of it")
    state.doubted = tuple(one for one in state.doubted if one[1] >= fresh_since)
    if not state.doubted:
        state.timers.pop(f"{state.number}.doubt", None)


def _may_begin(deciding: Deciding, started_at: float | None, fresh_since: float) -> bool:
    """Whether a conference that we do not take for live is; a snapshot from before its end does
    not say so. One that began when the last one did *is* the last one: it had not ended."""
    state = deciding.state
    if not state.past:
        return True
    last = state.past[-1]
    if last.ended_at >= fresh_since:
        return False
    if started_at is not None and abs(last.started_at - started_at) <= TOLERANCE:
        state.resume()
        timers.cancel_missing(state, state.number)
        if state.uuid:
            deciding.ended[state.uuid] = False
    return True


def _arrivals(
    deciding: Deciding, event: Event, rows: Sequence[Row], started_at: float | None
) -> Iterator[Occurrence]:
    state = deciding.state
    for index, row in enumerate(rows):
        member_id, call = row["member_id"], row.get("call_uuid", "")
        if member_id in state.members or (state.live and state.has_left(member_id, call)):
            continue
        facts = entry_facts(row)
        if "join_time" in row:
            facts["entered_at"] = event.at - row["join_time"]
        for flag in ("muted", "deaf"):
            if flag in row:
                facts[flag] = row[flag]
        yield from enter(deciding, event, f"{event.id}-{index}", facts, started_at)


def _correct_start(deciding: Deciding, event: Event, started_at: float | None) -> None:
    """The run time tells when it began, if we saw only a later member."""
    state = deciding.state
    if state.live and started_at is not None and started_at < state.started_at - TOLERANCE:
        state.started_at = started_at
        timers.derive(state, deciding.rules, event.at)


def _learn_muted(
    state: MutableConference, rows: Sequence[Row], fresh_since: float, *, by_acts: bool
) -> None:
    """`by_acts`: who is heard of all the time is believed to be what the list says all the same,
    unless a call of ours changed that lately."""
    for row in rows:
        member = state.members.get(row["member_id"])
        if member is None:
            continue
        known_since = member.facts["entered_at"] if by_acts else member.seen
        if max(known_since, state.acted.get(member.id, 0.0)) >= fresh_since:
            continue
        news = {key: row[key] for key in ("muted", "deaf") if key in row}
        news |= {k: v for k, v in entry_facts(row).items() if k not in member.facts}
        if any(member.facts.get(key) != value for key, value in news.items()):
            state.learn(member.id, news, member.seen)


def _departures(
    deciding: Deciding, event: Event, rows: Sequence[Row], fresh_since: float
) -> Iterator[Occurrence]:
    """An empty list of a conference that exists says nothing: members on hold may not be in it."""
    state = deciding.state
    listed = {row["member_id"] for row in rows}
    for index, member in enumerate(list(state.members.values())):
        if member.id not in listed and member.seen < fresh_since:
            yield from leave(deciding, event, f"{event.id}-x{index}", member.id, {}, last=False)
