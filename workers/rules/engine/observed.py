"""A look at Plivo's own list: it wins for who is there, callbacks win for who they are.

The list is a snapshot that may be older than the last callback: what we heard within `GRACE`
seconds before it was asked for stands against it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.domain.event import Event
from workers.rules.engine import timers
from workers.rules.engine.occurrence import Fact
from workers.rules.engine.state import Draft
from workers.rules.engine.transitions import Scene, end, enter, entry_facts, leave

GRACE = 3.0
TOLERANCE = 2.0
"""Seconds by which a run time may differ from the age we know."""

Row = Mapping[str, Any]


def observed(scene: Scene, event: Event) -> Iterator[Fact]:
    """Members we missed enter now, those who are missing leave, and a conference that is gone
    ends. `as_of` in its data is when the list was asked for, else the event's own time."""
    draft, data = scene.draft, event.data
    fresh_since = data.get("as_of", event.at) - GRACE
    if data.get("gone"):
        if draft.live and draft.seen < fresh_since:
            yield from end(scene, event, event.id)
        elif draft.live:
            scene.ignore(event, f"a callback came within {GRACE:g} s before the list was read")
        return
    rows: Sequence[Row] = data.get("members", ())
    started_at = event.at - data["run_time"] if "run_time" in data else None
    if draft.live and _is_another(draft, rows, started_at):
        if draft.seen >= fresh_since:
            return
        yield from end(scene, event, f"{event.id}-end")
    elif not draft.live and not _may_begin(draft, started_at, fresh_since):
        return
    yield from _arrivals(scene, event, rows, started_at)
    _correct_start(scene, event, started_at)
    _learn_muted(draft, rows, fresh_since)
    if rows:
        yield from _departures(scene, event, rows, fresh_since)


def _is_another(draft: Draft, rows: Sequence[Row], started_at: float | None) -> bool:
    """A run time much shorter than the age we know, and nobody whom we know: the name was reused
    while we did not look. (The run time alone could have begun after members were on hold.)"""
    if started_at is None or started_at - draft.started_at <= TOLERANCE + GRACE:
        return False
    return bool(rows) and not any(_knows(draft, row) for row in rows)


def _knows(draft: Draft, row: Row) -> bool:
    member = draft.members.get(row["member_id"])
    if member is None:
        return draft.has_left(row["member_id"], row.get("call_uuid", ""))
    calls = {member.facts.get("call_uuid", ""), row.get("call_uuid", "")} - {""}
    return len(calls) < 2


def _may_begin(draft: Draft, started_at: float | None, fresh_since: float) -> bool:
    """Whether a conference that we do not take for live is; a snapshot from before its end does
    not say so. One that began when the last one did *is* the last one: it had not ended."""
    if not draft.past:
        return True
    last = draft.past[-1]
    if last.ended_at >= fresh_since:
        return False
    if started_at is not None and abs(last.started_at - started_at) <= TOLERANCE:
        draft.resume()
    return True


def _arrivals(
    scene: Scene, event: Event, rows: Sequence[Row], started_at: float | None
) -> Iterator[Fact]:
    draft = scene.draft
    for index, row in enumerate(rows):
        member_id, call = row["member_id"], row.get("call_uuid", "")
        if member_id in draft.members or (draft.live and draft.has_left(member_id, call)):
            continue
        facts = entry_facts(row)
        if "join_time" in row:
            facts["entered_at"] = event.at - row["join_time"]
        for flag in ("muted", "deaf"):
            if flag in row:
                facts[flag] = row[flag]
        yield from enter(scene, event, f"{event.id}-{index}", facts, started_at)


def _correct_start(scene: Scene, event: Event, started_at: float | None) -> None:
    """The run time tells when it began, if we saw only a later member."""
    draft = scene.draft
    if draft.live and started_at is not None and started_at < draft.started_at - TOLERANCE:
        draft.started_at = started_at
        timers.derive(draft, scene.rules, event.at)


def _learn_muted(draft: Draft, rows: Sequence[Row], fresh_since: float) -> None:
    for row in rows:
        member = draft.members.get(row["member_id"])
        if member is None or member.seen >= fresh_since:
            continue
        news = {key: row[key] for key in ("muted", "deaf") if key in row}
        news |= {k: v for k, v in entry_facts(row).items() if k not in member.facts}
        if any(member.facts.get(key) != value for key, value in news.items()):
            draft.learn(member.id, news, member.seen)


def _departures(
    scene: Scene, event: Event, rows: Sequence[Row], fresh_since: float
) -> Iterator[Fact]:
    """An empty list of a conference that exists says nothing: members on hold may not be in it."""
    draft = scene.draft
    listed = {row["member_id"] for row in rows}
    for index, member in enumerate(list(draft.members.values())):
        if member.id not in listed and member.seen < fresh_since:
            yield from leave(scene, event, f"{event.id}-x{index}", member.id, {}, last=False)
