"""Steps that call nobody: `wait_for`, `choose`, `trigger`, `set` and `extend`, each as a value."""

from collections.abc import Mapping
from typing import Any

from app.domain.durations import format_duration
from app.domain.event import Event, unusable_name
from app.domain.moments import written
from workers.rules.engine.lasting import awaiting, memory
from workers.rules.engine.occurrence import root_of
from workers.rules.engine.running import (
    BY_RESPONSE,
    Awaits,
    Done,
    Goes,
    NotNeeded,
    Result,
    Running,
    not_done,
    short,
)
from workers.rules.engine.state import MutableConference
from workers.rules.vocabulary.model import Fields, Step
from workers.rules.vocabulary.vars import said

MOST_TRIGGERS = 8
"""How many `trigger` actions may follow from one another."""

MOST_DESCENDANTS = 256
"""How many of them one event from outside may lead to in all, however late."""


def wait_for(step: Step, run: Running) -> Result:
    most = step.params.get("timeout")
    until = "" if most is None else f" until {written(run.what.at + most, run.zone)}"
    whose = f" of member {run.fields['member']['id']}" if step.params.get("by") == "member" else ""
    return Awaits(short(f"waits for {awaiting.said(step)}{whose}{until}"), most)


def choose(step: Step, fields: Fields, after: int) -> Result:
    """Raises `Unknown` when a condition before the first that holds can not be answered."""
    for branch, place in zip(step.params["branches"], step.jumps, strict=False):
        if branch.refuses(fields) is None:
            return Goes(short(f"choose: {branch.text}"), place)
    otherwise = step.jumps[-1]
    return NotNeeded("choose: nothing holds") if otherwise == after else Goes("else", otherwise)


def trigger(
    state: MutableConference, run: Running, index: int, params: Mapping[str, Any]
) -> Result:
    name, what = params["name"], run.what
    step, to = run.rule.steps[index], params.get("conference", state.name)
    if what.chain > MOST_TRIGGERS:
        return not_done(step, f"trigger {name} refused: another conference has triggered this")
    if what.chain >= MOST_TRIGGERS:
        reason = f"trigger {name} refused: {MOST_TRIGGERS} triggers led here already"
        return not_done(step, reason)
    if state.triggered.get(root_of(run.id), 0) + run.triggered >= MOST_DESCENDANTS:
        reason = f"trigger {name} refused: one event has led to {MOST_DESCENDANTS} triggers already"
        return not_done(step, reason)
    data = {"name": name, "data": params.get("data", {}), "chain": what.chain + 1}
    if to != state.name:
        return _elsewhere(run, index, to, {**data, "chain": MOST_TRIGGERS + 1})
    if run.fields.get("member"):
        data["member_id"] = run.fields["member"]["id"]
    uuid = what.uuid_in(state)
    event = Event(f"{run.id}.{index}", "trigger", state.name, what.at, uuid, data)
    return Done(short(f"trigger {name}"), events=(event,))


def _elsewhere(run: Running, index: int, to: str, data: Mapping[str, Any]) -> Result:
    """A trigger in another conference, of which nothing is known here: neither instance nor
    members."""
    if refused := unusable_name(to):
        return not_done(run.rule.steps[index], refused)
    event = Event(f"{run.id}.{index}", "trigger", to, run.what.at, "", data)
    return Done(short(f"trigger {data['name']} in {to}"), events=(event,))


def set_vars(
    state: MutableConference, run: Running, index: int, values: Mapping[str, Any]
) -> Result:
    if not state.live:
        return NotNeeded("set: not done, no conference is live")
    step = run.rule.steps[index]
    hidden = "response" in step.reads
    if refused := memory.refusal(run.vars, run.fields, values, hidden=hidden):
        return not_done(step, refused)
    told = ", ".join(name if hidden else f"{name} to {said(values[name])}" for name in values)
    return Done(short(f"set {told}{BY_RESPONSE if hidden else ''}"), sets=values)


def extend(state: MutableConference, step: Step, duration: float) -> Result:
    if state.limit is None:
        return not_done(step, "this conference has no limit to extend")
    return Done(f"extend the limit by {format_duration(duration)}", extend=duration)


def extended(fields: Fields, more: float) -> Fields:
    """The steps after an `extend` see the limit that it moved."""
    view = dict(fields["conference"])
    for key in ("limit", "time_left"):
        if key in view:
            view[key] += more
    return {**fields, "conference": view}
