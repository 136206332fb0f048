"""Runs that go on later: how a run is kept over a wait, and what it goes on with."""

from collections.abc import Iterator, Sequence

from app.domain.conference import AWAITS_LATE, RULE_NAME, Timer, Waiting
from app.domain.event import Event
from workers.rules.engine.lasting import answers, awaiting, held
from workers.rules.engine.occurrence import KEPT_FOR_LATER, Occurrence
from workers.rules.engine.recordings import copies
from workers.rules.engine.running import Running
from workers.rules.engine.state import WAITING_KEPT, MutableConference
from workers.rules.engine.steps import StepResults
from workers.rules.engine.transitions import Deciding
from workers.rules.vocabulary.model import Rule

AWAITED = "awaited_step"
"""Among the fields of a run that waits: for which step, where another one goes on."""


def suspend(state: MutableConference, run: Running, results: StepResults) -> Sequence[str]:
    """Have the run go on later, at its next step; notes why it can not."""
    if len(state.waiting) >= WAITING_KEPT:
        name = run.rule.name
        return [f"the run of rule “{name}” does not go on: {WAITING_KEPT} runs wait already"]
    kept = {key: run.fields[key] for key in KEPT_FOR_LATER if key in run.fields}
    kept[RULE_NAME] = run.rule.name
    if run.what.chain:
        kept["chain"] = run.what.chain
    step = results.next_step or 0
    kept = dict(answers.within(state, answers.still_asked(run.rule, step, kept)))
    if results.awaited not in (None, step - 1):
        kept[AWAITED] = results.awaited
    awaits = "step" if results.wait is None else "timer"
    if results.awaited is not None and run.rule.steps[results.awaited].action == "record":
        awaits = answers.ANSWER
    if results.waits_for is not None:
        awaits = "trigger"
        kept |= awaiting.marks(run.rule.steps[results.waits_for], results.waits_for)
    state.waiting[run.id] = Waiting(
        run=run.id,
        rule=run.rule.id,
        step=step,
        event=run.fields["event"]["id"],
        at=run.fields["event"]["received_at"],
        number=run.what.number_in(state),
        awaits=awaits,
        fields=kept,
    )
    if results.wait is not None:
        number = run.what.number_in(state)
        timer_id = f"{number}.wait.{run.id}.{step}"
        due = run.what.at + results.wait
        state.timers[timer_id] = Timer(timer_id, due, "wait", run.rule.id, 0, number, run.id)
    return ()


def resumed(state: MutableConference, event: Event, waiting: Waiting) -> Occurrence:
    is_live = state.live and state.number == waiting.number
    fields = dict(waiting.fields)
    fields.pop(RULE_NAME, None)
    for mark in (AWAITED, awaiting.WAITS_FOR, AWAITS_LATE):
        fields.pop(mark, None)
    member = state.members.get(fields["member"]["id"]) if "member" in fields and is_live else None
    if member is not None:
        fields["member"] = member.facts
    if "recording" in fields:
        told = {key: event.data[key] for key in ("archived_to",) if key in event.data}
        known = copies.seen(state, fields["recording"].get("id", ""))
        fields["recording"] = {**fields["recording"], **known, **told}
    return Occurrence(
        kind="wait",
        id=waiting.run,
        event=event.id,
        at=event.at,
        fields=fields,
        value=waiting,
        over=None if is_live else state.past_of(waiting.number),
        chain=fields.pop("chain", 0),
        due=waiting.due,
    )


def came(state: MutableConference, what: Occurrence, waiting: Waiting) -> Occurrence:
    """What a run waited for has come."""
    held.drop_wait(state, waiting.run)
    event = Event(what.event, what.kind, state.name, what.at, "", {})
    return resumed(state, event, waiting)


def after_step(deciding: Deciding, event: Event, waiting: Waiting | None) -> Iterator[Occurrence]:
    """The run that waited for this outcome goes on."""
    if waiting is not None:
        del deciding.state.waiting[waiting.run]
        yield resumed(deciding.state, event, answers.heard(deciding.state, waiting, event))


def awaiting_step(state: MutableConference, event: Event) -> Waiting | None:
    """The run that waits for just this step."""
    waiting = state.waiting.get(event.data["run"])
    if waiting is None or waiting.awaits not in ("step", answers.ANSWER):
        return None
    if waiting.fields.get(AWAITED, waiting.step - 1) != event.data["step"]:
        return None
    return waiting


def lead(rule: Rule, waiting: Waiting) -> str:
    """The line that a run goes on with: what it waited for; "" for a time."""
    if waiting.awaits == "step":
        return answers.said(waiting.fields.get("response", {}))
    place = waiting.fields.get(awaiting.WAITS_FOR)
    if place is None:
        return ""
    came = "came" if waiting.awaits == awaiting.CAME else "did not come"
    return f"{awaiting.said(rule.steps[place])} {came}"
