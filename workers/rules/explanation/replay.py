"""`gavel replay`: holds two sets of rules against the same recorded events; sends nothing.

Recorded timers and outcomes belong to the rules that were in force then. They are left out: each
set of rules gets its own timers, on a virtual clock, and an outside where everything works. Asked
for a recording whose file has not come, Plivo answers by what came of it.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.call import Call
from app.domain.event import Event, OthersLive
from workers.rules.engine.index import Rules
from workers.rules.explanation.plivos_recordings import PlivosRecordings
from workers.rules.simulation.complete import lacks
from workers.rules.simulation.simulator import Decided, Simulator
from workers.rules.vocabulary.triggers import EVENTS


class UnreadableRecord(ValueError):
    """A recorded event cannot be read: give JSON objects with at, kind, conference and data."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is decided otherwise at one event, or at the timers of one moment (`event` is "").

    Calls are told as one line each. `runs` are rules whose outcome differs: name, before, after
    ("" when a rule was not asked).
    """

    at: float
    conference: str
    event: str
    kind: str
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    runs: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Diff:
    """All changes in the order of their times, and how many events were replayed. `unanswered`:
    how many webhooks of the new rules were questions, whose answers nobody has recorded."""

    events: int
    changes: tuple[Change, ...]
    unanswered: int = 0


@dataclass(slots=True)
class _Told:
    kind: str
    calls: Counter[str]
    runs: dict[str, str]
    asked: int = 0


_Key = tuple[float, str, str]


Watch = Callable[[Sequence[Event]], Iterable[Event]]
"""Passes events on, and shows how far it is."""


def replay(
    events: Iterable[Event],
    before: Rules,
    after: Rules,
    watch: Watch = lambda events: events,
    only: str | None = None,
) -> Diff:
    """How decisions on these events differ between two sets of rules. `only`: in this conference;
    the others are played where rules ask what else is live, or trigger something in others."""
    everything = only is None or needs_others(before) or needs_others(after)
    events = list(events)
    plivo = PlivosRecordings(events)
    recorded = sorted(
        (
            event
            for event in events
            if _is_from_outside(event) and (everything or event.conference == only)
        ),
        key=lambda event: event.at,
    )
    old, new = (_played(recorded, rules, watch, plivo) for rules in (before, after))
    changes = [
        change
        for key in sorted(old.keys() | new.keys())
        if only in (None, key[1])
        and (change := _compared(key, old.get(key), new.get(key))) is not None
    ]
    count = sum(only in (None, event.conference) for event in recorded)
    asked = sum(one.asked for key, one in new.items() if only in (None, key[1]))
    return Diff(count, tuple(changes), asked)


def needs_others(rules: Rules) -> bool:
    """Whether what they do in one conference depends on others."""
    return rules.asks_account or rules.reaches_others


def events_of(
    entries: Iterable[Mapping[str, Any]], left_out: list[str] | None = None
) -> Iterator[Event]:
    """Events out of journal entries, or of objects that are events themselves; entries of the
    journal that are no events are passed over. What cannot be decided is told in `left_out`;
    without that list, raises `UnreadableRecord`."""
    for number, entry in enumerate(entries, 1):
        if "event" not in entry and "kind" in entry and entry["kind"] not in EVENTS:
            continue
        told = entry.get("event", entry)
        if not isinstance(told, Mapping):
            continue  # a run or a call: `event` is an id
        try:
            yield _event_of(number, entry, told)
        except UnreadableRecord as error:
            if left_out is None:
                raise
            left_out.append(str(error))


def _event_of(number: int, entry: Mapping[str, Any], told: Mapping[str, Any]) -> Event:
    try:
        event = Event(
            id=str(told.get("id", f"recorded-{number}")),
            kind=str(told["kind"]),
            conference=str(told.get("conference") or entry.get("conference") or ""),
            at=float(entry["at"]),
            uuid=str(told.get("uuid", "")),
            data=dict(told.get("data", {})),
            account=OthersLive.of(told.get("account")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableRecord(f"record {number} is not an event: {_said(error)}") from None
    if complaint := lacks(event):
        raise UnreadableRecord(f"record {number} can not be decided: {complaint}")
    return event


def _said(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)


def read_lines(text: str) -> Iterator[Event]:
    """Events out of a JSON-lines file. Raises `UnreadableRecord`."""
    entries = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise UnreadableRecord(f"line {number} is not JSON: {error}") from None
        if not isinstance(entry, dict):
            raise UnreadableRecord(f"line {number} is not a JSON object")
        entries.append(entry)
    return events_of(entries)


def _is_from_outside(event: Event) -> bool:
    is_own = event.kind in EVENTS and EVENTS[event.kind].own
    return not is_own and not event.data.get("chain")


def _played(
    recorded: list[Event], rules: Rules, watch: Watch, plivo: PlivosRecordings
) -> dict[_Key, _Told]:
    """What these rules do, by time, conference and event."""
    simulator = Simulator(rules, recorded[0].at if recorded else 0.0)
    simulator.has_none = plivo.has_none
    for event in watch(recorded):
        simulator.advance(event.at)
        simulator.feed(event)
    ids = {event.id for event in recorded}
    told: dict[_Key, _Told] = {}
    for one in simulator.happened:
        if isinstance(one, Decided):
            event = one.event
            is_recorded = event.id in ids
            key = (round(event.at, 3), event.conference, event.id if is_recorded else "")
            kind = event.kind if is_recorded else "timer"
            entry = told.setdefault(key, _Told(kind, Counter(), {}))
            entry.calls.update(call_line(call) for call in one.decision.calls)
            entry.asked += sum(call.asks and call.verb == "webhook" for call in one.decision.calls)
            entry.runs.update(
                {run.rule: _outcome(run.outcome, run.reason) for run in one.decision.runs}
            )
    return told


def call_line(call: Call) -> str:
    """A call as one line, without what differs from run to run."""
    who = f" {','.join(call.members)}" if call.members else ""
    said = json.dumps(call.params, ensure_ascii=False, sort_keys=True) if call.params else ""
    return f"{call.verb}{who} {said}".rstrip()


def _outcome(outcome: str, reason: str) -> str:
    return f"{outcome} ({reason})" if reason else outcome


def _compared(key: _Key, old: _Told | None, new: _Told | None) -> Change | None:
    old_calls = old.calls if old else Counter[str]()
    new_calls = new.calls if new else Counter[str]()
    old_runs, new_runs = (old.runs if old else {}), (new.runs if new else {})
    runs = tuple(
        (name, old_runs.get(name, ""), new_runs.get(name, ""))
        for name in dict.fromkeys((*old_runs, *new_runs))
        if old_runs.get(name) != new_runs.get(name)
    )
    only_old, only_new = old_calls - new_calls, new_calls - old_calls
    if not (only_old or only_new or runs):
        return None
    at, conference, event = key
    kind = (old or new or _Told("", Counter(), {})).kind
    before, after = tuple(only_old.elements()), tuple(only_new.elements())
    return Change(at, conference, event, kind, before, after, runs)
