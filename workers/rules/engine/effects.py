"""What a run does to the state when its walk is through, beside the calls that it wants."""

from collections.abc import Iterator, Sequence

from app.domain.call import Call
from app.domain.conference import Timer, Waiting
from app.domain.event import Event
from workers.rules.engine.context import KEPT_FOR_LATER
from workers.rules.engine.occurrence import Fact
from workers.rules.engine.outcomes import LIMIT_RUN
from workers.rules.engine.preconditions import number_of
from workers.rules.engine.state import WAITING_KEPT, Draft
from workers.rules.engine.steps import Walk
from workers.rules.vocabulary.model import Fields, Rule

LIMIT_EXPIRES = 60.0
"""Seconds that a hang-up at the limit may take; if it fails it is tried again while live."""

_FLAGS = {
    "mute": ("muted", True),
    "unmute": ("muted", False),
    "deaf": ("deaf", True),
    "undeaf": ("deaf", False),
}


def assume(draft: Draft, calls: Sequence[Call], at: float) -> None:
    """What will be so when these calls are through."""
    for call in calls:
        if call.verb == "record":
            draft.recording = draft.awaited = True
        elif call.verb == "stop_recording":
            draft.recording = False
        elif call.verb in _FLAGS:
            flag, value = _FLAGS[call.verb]
            for member_id in draft.members if call.members == ("all",) else call.members:
                draft.learn(member_id, {flag: value}, at)


def follow_ups(draft: Draft, fact: Fact, to: Walk) -> Iterator[Event]:
    """The events of a run's `trigger` actions."""
    for step, name, data, member_id in to.triggers:
        told = {"name": name, "data": data, "chain": fact.chain + 1}
        if member_id:
            told["member_id"] = member_id
        yield Event(f"{to.run}.{step}", "trigger", draft.name, fact.at, to.uuid, told)


def suspend(draft: Draft, rule: Rule, fact: Fact, fields: Fields, to: Walk, next_step: int) -> str:
    """The run goes on later. Returns why it can not, "" when it will."""
    if len(draft.waiting) >= WAITING_KEPT:
        return f"run {to.run} does not go on: {WAITING_KEPT} runs wait already"
    kept = {key: fields[key] for key in KEPT_FOR_LATER if key in fields}
    if fact.chain:
        kept["chain"] = fact.chain
    number = number_of(draft, fact)
    event = fields["event"]
    awaits = "step" if to.wait is None else "timer"
    draft.waiting[to.run] = Waiting(
        to.run, rule.id, next_step, event["id"], event["received_at"], number, awaits, kept
    )
    if to.wait is not None:
        timer_id = f"{number}.wait.{to.run}.{next_step}"
        due = fact.at + to.wait
        draft.timers[timer_id] = Timer(timer_id, due, "wait", rule.id, 0, number, to.run)
    return ""


def limit_call(draft: Draft, fact: Fact, now: float) -> Call:
    """The hang-up at the limit. However late: the limit is reached while the instance lives."""
    run_id = fact.id + LIMIT_RUN
    return Call(
        id=f"{run_id}.0",
        verb="hang_up",
        conference=draft.name,
        members=(),
        params={},
        run=run_id,
        rule="time limit",
        step=0,
        event=fact.event,
        at=fact.at,
        expires_at=now + LIMIT_EXPIRES,
        on_error="stop",
        uuid=draft.uuid,
    )
