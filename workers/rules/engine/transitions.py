"""Events into occurrences: also of callbacks that come twice, late, swapped or incomplete.

Each function changes the state and yields what occurred, one change at a time, so that rules see
the conference as it was then. An event that changes nothing is noted.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.callers.joining import Entry
from app.domain.call import Call
from app.domain.conference import Past, Timer
from app.domain.event import Event
from app.domain.recording import RecordingChange, Sought
from workers.rules.engine import timers
from workers.rules.engine.index import Rules
from workers.rules.engine.occurrence import Occurrence
from workers.rules.engine.recordings import records
from workers.rules.engine.state import (
    DOUBTED_KEPT,
    MutableConference,
    entry_facts,
    member_facts,
    short_hash,
)

DOUBT_SECONDS = 10.0
"""How long an enter of another instance waits for Plivo's list; then it is believed."""

_NO_ENTRY = Entry()


@dataclass(frozen=True, slots=True)
class Deciding:
    """A decision under way, as far as transitions need to know it: the state as it becomes, the
    rules (for timers), the notes so far, the time, and the UUIDs of earlier instances. `ended`
    says of instances whether they have ended since, `ignored` of events (ids) that they change
    nothing, and why. `recordings` is what was learnt of recordings, `sought` those
    that Plivo is to be asked for; `calls` are wanted whatever the rules say."""

    state: MutableConference
    rules: Rules
    notes: list[str]
    now: float
    over: frozenset[str] = frozenset()
    ended: dict[str, bool] = field(default_factory=dict)
    ignored: dict[str, str] = field(default_factory=dict)
    recordings: list[RecordingChange] = field(default_factory=list)
    sought: list[Sought] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def is_over(self, uuid: str) -> bool:
        """Whether this UUID is one of an instance that has ended."""
        if not uuid or uuid == self.state.uuid:
            return False
        known = self.ended.get(uuid, uuid in self.over)
        return known or self.state.past_by_uuid(uuid) is not None

    def ignore(self, event: Event, why: str) -> None:
        """Say that an event changes nothing."""
        self.ignored[event.id] = why
        self.notes.append(f"{event.kind} ignored: {why}")

    def write_down(self, changes: Iterable[RecordingChange]) -> None:
        """What was learnt of recordings."""
        self.recordings.extend(changes)


# Entering


def entered(deciding: Deciding, event: Event) -> Iterator[Occurrence]:
    """A callback `enter`."""
    state, data = deciding.state, event.data
    member_id, call = data["member_id"], data.get("call_uuid", "")
    why = _enter_refused(deciding, event, member_id, call)
    if why:
        deciding.ignore(event, why)
        return
    if state.live and state.is_other(event.uuid):
        if state.members:
            _doubt(deciding, event)
            return
        yield from end(deciding, event, f"{event.id}-end")
        if state.live:  # by others of its kind, which were doubted
            yield from entered(deciding, event)
            return
    if state.live:
        # Who must be out when this member is in: a call is in a conference once, and so is an id.
        old = member_id if member_id in state.members else state.in_call(call)
        if old is not None:
            yield from leave(deciding, event, f"{event.id}-exit", old, {}, last=False)
    facts = entry_facts(data)
    facts.setdefault("first", not state.live)  # Plivo's flag is not documented and may be missing
    yield from enter(deciding, event, event.id, facts)
    if data.get("recording_id") and not records.is_ready(state, data["recording_id"]):
        state.recording = state.awaited = True
        deciding.write_down(records.begun(state, event, state.number))


def enter(
    deciding: Deciding,
    event: Event,
    occurrence_id: str,
    facts: dict[str, Any],
    started_at: float | None = None,
) -> Iterator[Occurrence]:
    """A member is in, as a callback or Plivo's list says; the first one starts the conference."""
    state = deciding.state
    came_by = _came_by(deciding, facts)
    facts.setdefault("muted", bool(came_by.options.get("muted")))
    starts = not state.live
    if starts:
        state.begin(event.uuid, event.at if started_at is None else started_at)
        timers.set_limit(state, deciding.rules)
        state.recording = bool(event.uuid and records.open_ones(state, state.number, event.uuid))
        by_answer = any(came_by.options.get(one) for one in ("record", "transcribe"))
        state.awaited = state.recording or by_answer
    state.adopt(event.uuid)
    state.emptied = False
    before = len(state.members)
    member = state.add(facts, event.at)
    if starts:
        timers.derive(state, deciding.rules, event.at)
        yield Occurrence("conference.started", occurrence_id, event.id, event.at)
    elif state.timers or state.alone_since is not None:
        timers.derive_alone(state, deciding.rules)
    yield Occurrence("member.entered", occurrence_id, event.id, event.at, {"member": member.facts})
    yield _crossing(event, occurrence_id, before, before + 1)


def _came_by(deciding: Deciding, facts: Mapping[str, Any]) -> Entry:
    """The entry by which our answer lets this member in, as far as what is known of them tells;
    what Plivo tells corrects what is concluded from it."""
    name = deciding.state.name
    entries = (one for one in deciding.rules.answers if one.is_for(name) and one.may_be_for(facts))
    return next(entries, _NO_ENTRY)


def _enter_refused(deciding: Deciding, event: Event, member_id: str, call: str) -> str:
    state = deciding.state
    if deciding.is_over(event.uuid):
        return "its conference has ended"
    if state.is_stray(event.uuid, member_id, call, event.at):
        state.identify_stray(event.uuid, member_id, call, event.at)
        return f"member {member_id} has left already"
    if state.live and state.is_other(event.uuid):
        return ""
    known = state.members.get(member_id)
    if known is not None:
        known_call = known.facts.get("call_uuid", "")
        if not call or not known_call or call == known_call:
            news = {k: v for k, v in entry_facts(event.data).items() if k not in known.facts}
            state.learn(member_id, news, known.seen)
            return f"member {member_id} is in already"
    if state.has_left(member_id, call) and (state.live or (call and not event.uuid)):
        return f"member {member_id} has left already"
    if state.live and call:
        newer = state.in_call(call)
        if newer is not None and _is_older(member_id, newer):
            state.gone[member_id] = short_hash(call, 4)
            return f"member {member_id} is member {newer} by now"
    return ""


def _doubt(deciding: Deciding, event: Event) -> None:
    """Somebody enters another instance while members are in this one. Either its end is not told
    of yet, or the event is an old one that is played again: the end or Plivo's list decides."""
    state = deciding.state
    held = (event.id, event.at, event.uuid, event.data)
    state.doubted = (*state.doubted, held)[-DOUBTED_KEPT:]
    timer_id = f"{state.number}.doubt"
    due = event.at + DOUBT_SECONDS
    state.timers.setdefault(timer_id, Timer(timer_id, due, "doubt", number=state.number))
    why = "it is of another instance, and this one is live; Plivo's list is asked"
    deciding.ignored[event.id] = why
    deciding.notes.append(f"{event.kind} waits: {why}")


def _believe(deciding: Deciding) -> Iterator[Occurrence]:
    """The instance has ended: who was said to enter another one has entered."""
    held, deciding.state.doubted = deciding.state.doubted, ()
    for id, at, uuid, data in held:
        event = Event(id, "member.entered", deciding.state.name, at, uuid, data)
        yield from entered(deciding, event)


def _is_older(member_id: str, other: str) -> bool:
    """Ids count upwards within a conference, as far as they are numbers."""
    return member_id.isdecimal() and other.isdecimal() and int(member_id) < int(other)


# Leaving


def exited(deciding: Deciding, event: Event) -> Iterator[Occurrence]:
    """A callback `exit`. Of an unknown member it is remembered, for the enter may come later."""
    state, data = deciding.state, event.data
    member_id, call = data["member_id"], data.get("call_uuid", "")
    if deciding.is_over(event.uuid):
        return deciding.ignore(event, "its conference has ended")
    if not state.live or state.is_other(event.uuid) or _is_of_another(state, event, call):
        if not state.is_stray(event.uuid, member_id, call, event.at):
            state.stray(event.uuid, member_id, call, event.at)
        return deciding.ignore(event, "nothing is known of its conference")
    if member_id not in state.members and member_id in state.gone:
        return deciding.ignore(event, f"member {member_id} has left already")
    if member_id in state.members:
        state.adopt(event.uuid)
    state.emptied = state.emptied or data.get("last") is True
    last = state.emptied or data.get("last")  # one that comes late says what was so before
    yield from leave(deciding, event, event.id, member_id, data, last)


def _is_of_another(state: MutableConference, event: Event, call: str) -> bool:
    """Whether an exit that names no instance is of a call that this member here is not."""
    member = state.members.get(event.data["member_id"])
    here = member.facts.get("call_uuid", "") if member is not None else ""
    return not event.uuid and bool(call) and bool(here) and call != here


def leave(
    deciding: Deciding,
    event: Event,
    occurrence_id: str,
    member_id: str,
    data: Mapping[str, Any],
    last: bool | None = None,
) -> Iterator[Occurrence]:
    """A member is out. The last one ends the conference, unless Plivo said (`last` is False) that
    somebody is still there whom we do not know: then the next look at Plivo's list decides."""
    state = deciding.state
    before = len(state.members)
    member = state.remove(member_id, event.at, data.get("call_uuid", ""))
    timers.derive_alone(state, deciding.rules)
    facts = dict(member.facts) if member is not None else {"id": member_id}
    if data:
        facts = {**facts, **member_facts(data)}
    over = finish(deciding, event) if not state.members and last is not False else None
    yield Occurrence(
        "member.exited", occurrence_id, event.id, event.at, {"member": facts}, over=over
    )
    if member is not None:
        yield _crossing(event, occurrence_id, before, before - 1, over)
    if over is not None and not state.resumed:
        yield Occurrence("conference.ended", occurrence_id, event.id, event.at, over=over)
    if over is not None:
        yield from _believe(deciding)


def end(deciding: Deciding, event: Event, occurrence_id: str) -> Iterator[Occurrence]:
    """The live instance is over though its members were not seen to leave."""
    over = finish(deciding, event)
    if not deciding.state.resumed:
        yield Occurrence("conference.ended", occurrence_id, event.id, event.at, over=over)
    yield from _believe(deciding)


def finish(deciding: Deciding, event: Event) -> Past:
    """End the live instance; afterwards only the wait for its recording goes on."""
    state = deciding.state
    for waiting in state.waiting.values():
        if waiting.awaits in ("timer", "answer") and waiting.number == state.number:
            deciding.notes.append(f"{waiting.said} does not go on: the conference has ended")
    deciding.notes.extend(timers.not_any_more(state, deciding.rules, event.at))
    deciding.write_down(records.over(state, event.at))
    over = state.finish(event.at)
    if over.uuid:
        deciding.ended[over.uuid] = True
    if state.awaited:
        timers.set_missing(state, deciding.rules, over.number, event.at)
        timers.set_seek(state, over.number, event.at)
    return over


def _crossing(
    event: Event, occurrence_id: str, before: int, after: int, over: Past | None = None
) -> Occurrence:
    return Occurrence(
        "conference.members", occurrence_id, event.id, event.at, value=(before, after), over=over
    )


# Being heard of


def heard(deciding: Deciding, event: Event) -> Iterator[Occurrence]:
    """Callbacks `digits` and `floor`. They do not make an unknown member enter: their `enter` may
    be on its way, with all that is known of them."""
    state, data = deciding.state, event.data
    member_id = data["member_id"]
    if deciding.is_over(event.uuid):
        return deciding.ignore(event, "its conference has ended")
    if (state.live and state.is_other(event.uuid)) or (state.past and not state.live):
        return deciding.ignore(event, "nothing is known of its conference")
    if member_id in state.gone and member_id not in state.members:
        return deciding.ignore(event, f"member {member_id} has left already")
    facts = member_facts(data)
    known = state.members.get(member_id)
    if known is not None:
        state.seen = event.at
        facts = {**known.facts, **facts}
        state.learn(member_id, facts, event.at)
    fields: dict[str, Any] = {"member": facts}
    if "digits" in data:
        fields["digits"] = data["digits"]
    yield Occurrence(event.kind, event.id, event.id, event.at, fields, value=data.get("digits"))
