"""What comes back to a conference: timers that are due, and how steps and calls turned out."""

from collections.abc import Iterator

from app.domain.conference import Timer, Waiting
from app.domain.event import Event
from workers.rules.engine import timers
from workers.rules.engine.occurrence import Fact
from workers.rules.engine.ruleset import Rules
from workers.rules.engine.state import Draft
from workers.rules.engine.transitions import Scene

FAILURE = "-failed"
"""In the ids of runs that a failure started: what fails in them starts no others."""

LIMIT_RUN = ".limit"
"""How the ids of hang-ups at the limit end."""

_LATE = 1.0
_SAME = 0.001  # due times travel through JSON and Redis' scores


def came_due(scene: Scene, event: Event) -> Iterator[Fact]:
    """A timer. One that is not there any more, or not at this time, means nothing."""
    draft, data = scene.draft, event.data
    if event.kind == "schedule":
        if draft.live:
            only = (data["rule"], data["trigger"])
            yield Fact("schedule", event.id, event.id, event.at, only=only)
        return
    timer = draft.timers.get(data["timer"])
    if timer is None or abs(timer.due - data.get("due", timer.due)) > _SAME:
        scene.ignore(event, f"timer {data['timer']} is not set any more")
        return
    late = scene.now - event.at
    if late > _LATE:
        scene.notes.append(f"timer {timer.id} was {late:.1f} s late")
    del draft.timers[timer.id]
    if timer.kind in ("conference.every", "schedule"):
        missed = timers.repeat(draft, scene.rules, timer, scene.now)
        if missed:
            scene.notes.append(f"timer {timer.id} missed {missed} times")
    yield from _fact_of_timer(draft, event, timer)


def _fact_of_timer(draft: Draft, event: Event, timer: Timer) -> Iterator[Fact]:
    if timer.kind == "wait":
        waiting = draft.waiting.pop(timer.run, None)
        if waiting is not None:
            yield _going_on(draft, event, waiting)
        return
    only = (timer.rule, timer.trigger)
    if timer.kind == "member.alone":
        for member in draft.members.values():
            yield Fact(
                timer.kind, event.id, event.id, event.at, {"member": member.facts}, only=only
            )
        return
    over = draft.past_of(timer.number) if timer.kind == "recording.missing" else None
    yield Fact(timer.kind, event.id, event.id, event.at, only=only, over=over)


def _going_on(draft: Draft, event: Event, waiting: Waiting) -> Fact:
    is_live = draft.live and draft.number == waiting.number
    fields = dict(waiting.fields)
    member = draft.members.get(fields["member"]["id"]) if "member" in fields and is_live else None
    if member is not None:
        fields["member"] = member.facts
    return Fact(
        kind="wait",
        id=waiting.run,
        event=event.id,
        at=event.at,
        fields=fields,
        value=waiting,
        over=None if is_live else draft.past_of(waiting.number),
        chain=fields.pop("chain", 0),
    )


def stepped(scene: Scene, event: Event) -> Iterator[Fact]:
    """A webhook or archive that a run waited for is through."""
    waiting = _awaiting(scene.draft, event)
    if waiting is not None:
        del scene.draft.waiting[waiting.run]
        yield _going_on(scene.draft, event, waiting)


def failed(scene: Scene, event: Event) -> Iterator[Fact]:
    """A step was given up: its run stops, unless the step said `on_error: continue`."""
    draft, data = scene.draft, event.data
    run, step = data["run"], data["step"]
    waiting = draft.waiting.get(run)
    goes_on = waiting is not None and _on_error(scene.rules, waiting, step) == "continue"
    if waiting is not None and not goes_on:
        timers.drop_wait(draft, run)
        scene.notes.append(f"run {run} does not go on: step {step} failed")
    _unwind(scene, event)
    if FAILURE not in run:
        failure = {
            "rule": data.get("rule", ""),
            "action": data.get("verb", ""),
            "step": step,
            "error": data.get("error", ""),
        }
        over = draft.past_by_uuid(event.uuid)
        yield Fact(
            "action.failed",
            event.id + FAILURE,
            event.id,
            event.at,
            {"failure": failure},
            value=failure["rule"],
            over=over,
        )
    awaited = _awaiting(draft, event)
    if goes_on and awaited is not None:
        del draft.waiting[run]
        yield _going_on(draft, event, awaited)


def _awaiting(draft: Draft, event: Event) -> Waiting | None:
    """The run that waits for just this step."""
    waiting = draft.waiting.get(event.data["run"])
    if waiting is None or waiting.awaits != "step" or waiting.step != event.data["step"] + 1:
        return None
    return waiting


def _on_error(rules: Rules, waiting: Waiting, step: int) -> str:
    rule = next((rule for rule in rules.rules if rule.id == waiting.rule), None)
    return rule.steps[step].on_error if rule is not None and step < len(rule.steps) else "stop"


def _unwind(scene: Scene, event: Event) -> None:
    """Take back what was assumed when the call was decided."""
    draft, data = scene.draft, event.data
    if not draft.live or (event.uuid and draft.is_other(event.uuid)):
        return
    if data.get("verb") == "record":
        draft.recording = draft.awaited = False
    if data["run"].endswith(LIMIT_RUN):
        timer_id = f"{draft.number}.limit"
        due = event.at + timers.LIMIT_RETRY
        draft.timers[timer_id] = Timer(timer_id, due, "limit", number=draft.number)
        scene.notes.append("the hang-up at the limit failed: trying again in 30 s")
