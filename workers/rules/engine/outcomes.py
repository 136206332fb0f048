"""What comes to a conference otherwise than by its callbacks: due timers, how steps and calls
turned out, triggers, and what a person asks for by hand."""

from collections.abc import Iterator
from typing import Any

from app.domain.call import Call
from app.domain.conference import Timer, Waiting, timer_said
from app.domain.durations import format_duration
from app.domain.event import Event
from workers.rules.engine import timers
from workers.rules.engine.index import Rules
from workers.rules.engine.lasting import answers, going_on, held
from workers.rules.engine.occurrence import Occurrence
from workers.rules.engine.recordings import copies, records, seeking, told
from workers.rules.engine.state import MutableConference
from workers.rules.engine.transitions import Deciding, end
from workers.rules.expressions.scope import Scope
from workers.rules.language.steps.by_hand import NotAStep, read_step
from workers.rules.vocabulary.actions import VERBS
from workers.rules.vocabulary.model import Rule, Step
from workers.rules.vocabulary.triggers import KINDS

FAILURE = "-failed"
"""In the ids of runs that a failure started: what fails in them starts no others."""

LIMIT_RUN = ".limit"
"""How the ids of hang-ups at the limit end."""

LIMIT_EXPIRES = 60.0
"""Seconds that a hang-up at the limit may take; if it fails it is tried again while live."""

_LATE = 1.0
_SAME = 0.001  # due times travel through JSON and Redis' scores


def came_due(deciding: Deciding, event: Event) -> Iterator[Occurrence]:
    """A timer. One that is not there any more, or not at this time, means nothing."""
    state, data = deciding.state, event.data
    if event.kind == "schedule":
        if state.live:
            only = (data["rule"], data["trigger"])
            yield Occurrence("schedule", event.id, event.id, event.at, only=only)
        return
    timer = state.timers.get(data["timer"])
    if timer is None or abs(timer.due - data.get("due", timer.due)) > _SAME:
        deciding.ignore(event, f"{timer_said(data['timer'])} is not set any more")
        return
    late = deciding.now - event.at
    if late > _LATE:
        deciding.notes.append(f"{timer.said} was {format_duration(round(late, 1))} late")
    del state.timers[timer.id]
    if timer.kind == timers.ENSURE:
        return
    if timer.kind == "held":
        said = state.waiting[timer.run].said if timer.run in state.waiting else "a run"
        held.drop_wait(state, timer.run)
        deciding.notes.append(f"{said} does not go on: its rule was changed or removed")
        return
    if timer.kind == "doubt":
        deciding.notes.append("Plivo's list did not tell in time: the other instance is believed")
        yield from end(deciding, event, f"{event.id}-end")
        return
    kind = KINDS.get(timer.kind)  # None: a limit or a wait
    if timer.kind == timers.SEEK or (kind is not None and kind.since == "end"):
        seeking.came_due(deciding, event, timer)
        return
    if kind is not None and kind.repeats:
        missed = timers.repeat(state, deciding.rules, timer, deciding.now)
        if missed:
            deciding.notes.append(f"{timer.said} missed {missed} times")
    yield from _occurrence_of(state, event, timer)


def _occurrence_of(state: MutableConference, event: Event, timer: Timer) -> Iterator[Occurrence]:
    if timer.kind == "wait":
        waiting = state.waiting.pop(timer.run, None)
        if waiting is not None:
            yield going_on.resumed(state, event, waiting)
        return
    only = (timer.rule, timer.trigger)
    since = KINDS[timer.kind].since if timer.kind in KINDS else ""
    if since == "alone":
        for member in state.members.values():
            yield Occurrence(
                timer.kind, event.id, event.id, event.at, {"member": member.facts}, only=only
            )
        return
    yield Occurrence(timer.kind, event.id, event.id, event.at, only=only)


def stepped(deciding: Deciding, event: Event) -> Iterator[Occurrence]:
    """A webhook that a run waited for is through, or a copy was made."""
    copies.copied(deciding, event)
    yield from going_on.after_step(deciding, event, going_on.awaiting_step(deciding.state, event))


def answered(deciding: Deciding, event: Event) -> Iterator[Occurrence]:
    """A record call was answered: what it began is known better, and a run may wait for that."""
    if not event.data.get("already"):
        told.answered(deciding, event)
    yield from going_on.after_step(
        deciding, event, answers.answered(deciding.state, event.data["call"])
    )


def failed(deciding: Deciding, event: Event) -> Iterator[Occurrence]:
    """A step was given up: its run stops, unless the step said `on_error: continue`."""
    state, data = deciding.state, event.data
    run, step = data["run"], data["step"]
    waiting = state.waiting.get(run)
    goes_on = waiting is not None and _on_error(deciding.rules, waiting, step) == "continue"
    if waiting is not None and not goes_on:
        held.drop_wait(state, run)
        deciding.notes.append(f"{waiting.said} does not go on: step {step + 1} failed")
    _unwind(deciding, event)
    if FAILURE not in run:
        failure = {
            "rule": data.get("rule", ""),
            "action": data.get("verb", ""),
            "step": step,
            "error": data.get("error", ""),
        }
        over = state.past_by_uuid(event.uuid)
        yield Occurrence(
            "action.failed",
            event.id + FAILURE,
            event.id,
            event.at,
            {"failure": failure},
            not_for=failure["rule"],
            over=over,
        )
    if goes_on:
        yield from going_on.after_step(deciding, event, going_on.awaiting_step(state, event))


def triggered(deciding: Deciding, event: Event) -> Iterator[Occurrence]:
    """A system of the user's, or the action `trigger`, named something."""
    data = event.data
    fields: dict[str, Any] = {
        "trigger": {"name": data["name"]},
        "data": data.get("data", {}),
    }
    if data.get("member_id"):
        member = deciding.state.members.get(data["member_id"])
        fields["member"] = {"id": data["member_id"]} if member is None else member.facts
    yield Occurrence(
        "trigger",
        event.id,
        event.id,
        event.at,
        fields,
        value=data["name"],
        over=deciding.state.past_by_uuid(event.uuid),
        chain=data.get("chain", 0),
    )


def acted(_: Deciding, event: Event) -> Iterator[Occurrence]:
    """Somebody asks for something by hand."""
    yield Occurrence("by_hand", event.id, event.id, event.at, value=event)


def rule_by_hand(what: Occurrence, state: MutableConference, rules: Rules) -> tuple[Rule, str]:
    """What was asked for as a rule of one step, and why it is not taken, "" when it is."""
    event: Event = what.value
    name = f"by hand ({event.data.get('operator', 'somebody')})"
    if event.uuid and (not state.live or state.is_other(event.uuid)):
        return _rule(name), "the conference that it was asked for has ended"
    try:
        scope = Scope({}, rules.lists, rules.timezone, rules.var_types)
        return _rule(name, read_step(event.data["do"], scope)), ""
    except NotAStep as error:
        return _rule(name), str(error)


def _rule(name: str, *steps: Step) -> Rule:
    return Rule(id="", name=name, triggers=(), steps=steps)


def limit_call(state: MutableConference, what: Occurrence, now: float) -> Call:
    """The hang-up at the limit. However late: the limit is reached while the instance lives."""
    run_id = what.id + LIMIT_RUN
    return Call(
        id=f"{run_id}.0",
        verb="hang_up",
        conference=state.name,
        members=(),
        params={},
        run=run_id,
        rule="time limit",
        step=0,
        event=what.event,
        at=what.at,
        expires_at=now + LIMIT_EXPIRES,
        on_error="stop",
        uuid=state.uuid,
    )


def _on_error(rules: Rules, waiting: Waiting, step: int) -> str:
    rule = rules.rule(waiting.rule)
    return rule.steps[step].on_error if rule is not None and step < len(rule.steps) else "stop"


def _unwind(deciding: Deciding, event: Event) -> None:
    """Take back what was assumed when the call was decided."""
    state, data = deciding.state, event.data
    if not state.live or (event.uuid and state.is_other(event.uuid)):
        return
    verb = VERBS.get(data.get("verb", ""))
    if verb is not None and verb.sets.get("recording"):
        records.forget_asked(state, data.get("call", ""))
        state.recording = state.awaited = bool(records.open_ones(state, state.number, state.uuid))
    if data["run"].endswith(LIMIT_RUN):
        timer_id = f"{state.number}.limit"
        due = event.at + timers.LIMIT_RETRY
        state.timers[timer_id] = Timer(timer_id, due, "limit", number=state.number)
        deciding.notes.append("the hang-up at the limit failed: trying again in 30 s")
