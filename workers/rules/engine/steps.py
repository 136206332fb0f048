"""A run's steps: from the `do` of a rule to the calls it wants, up to its end or its next wait.

Taking steps changes nothing: each answers a value, and all take effect together when every one
could be worked out, so a rule never does half of what it says because a field was absent.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from app.domain.call import Call
from app.domain.durations import format_duration
from workers.rules.engine import inner_steps
from workers.rules.engine.lasting import answers, memory
from workers.rules.engine.occurrence import Occurrence, resolve
from workers.rules.engine.running import (
    BY_RESPONSE,
    LONGEST_LINE,
    Awaits,
    Done,
    Goes,
    NotDone,
    NotNeeded,
    Result,
    Running,
    Waits,
    not_done,
    short,
)
from workers.rules.engine.state import MutableConference
from workers.rules.vocabulary.action import Action
from workers.rules.vocabulary.actions import ACTIONS, CALLS, VERBS, WEB_VERBS
from workers.rules.vocabulary.model import Fields, Rule, Template, Unknown
from workers.rules.vocabulary.names import ANSWERS

_ASKS = "; the steps after it wait for the answer"


class StepResults(NamedTuple):
    """What one stretch of a run came to. `next_step` is where it goes on: `wait` seconds later, or
    (`wait` is None) when its last call is through, which the step `awaited` made. `waits_for` is a
    `wait_for`, `stopped` the step that ended it."""

    results: tuple[Result, ...]
    next_step: int | None = None
    wait: float | None = None
    awaited: int | None = None
    waits_for: int | None = None
    stopped: NotDone | None = None

    @property
    def done(self) -> list[Done]:
        """The steps that were taken."""
        return [result for result in self.results if type(result) is Done]

    @property
    def lines(self) -> tuple[str, ...]:
        """A line for people for every step."""
        return tuple([result.line for result in self.results])

    @property
    def passed_over(self) -> tuple[str, ...]:
        """Lines of the steps that could not be taken, after which the run went on."""
        return tuple(
            result.line
            for result in self.results
            if type(result) is NotDone and result is not self.stopped
        )

    def outcome(self, rule: Rule) -> tuple[str, str]:
        """Of the run, and why it is not simply applied."""
        if self.stopped and (self.done or not self.stopped.late):
            return "failed", self.stopped.reason
        if not self.done and self.next_step is None:
            if self.stopped:
                return "skipped", self.stopped.reason
            return "skipped", self.lines[-1] if self.lines else "nothing to do"
        return ("dry_run" if rule.dry_run else "applied"), ""


def run_steps(state: MutableConference, run: Running, first: int) -> StepResults:
    """The steps from `first` as far as they go. Raises `Unknown` when a step that must not be left
    out needs a field that is absent."""
    results: list[Result] = [Done(run.lead)] if run.lead else []
    steps = run.rule.steps
    index, at = first, first
    while index < len(steps):
        if run.rule.dry_run and (name := answers.absent_in_a_dry_run(steps[index], run.fields)):
            line = f"{steps[index].action}: asks for {name}, which a dry run does not get; it ends"
            return StepResults((*results, NotNeeded(line)))
        result = _take(state, run, index)
        results.append(result)
        at, named = index, steps[index].next
        index = index + 1 if named is None else named
        if type(result) is Goes:
            index = result.to
        following = index if index < len(steps) else None
        match result:
            case Waits(seconds=later):
                return StepResults(tuple(results), following, following and later)
            case Awaits(seconds=most):
                return StepResults(tuple(results), steps[at].jumps[0], most, waits_for=at)
            case NotDone() if steps[at].on_error == "stop":
                return StepResults(tuple(results), stopped=result)
            case NotDone() if steps[at].asks:
                name = ANSWERS[steps[at].action]  # nor is what one before it was answered
                run = run._replace(fields={**run.fields, name: {}})
            case Done(events=(_, *_)):
                run = run._replace(triggered=run.triggered + 1)
            case Done(extend=more) if more:
                run = run._replace(fields=inner_steps.extended(run.fields, more))
            case Done(sets=values) if values:
                run = run._replace(fields=memory.assigned(run.fields, values))
            case Done(brings=names) if names is not None:
                run = run._replace(fields={**run.fields, **names})
            case Done(calls=calls) if following and not run.rule.dry_run and _is_awaited(calls):
                return StepResults(tuple(results), following, awaited=at)
            case Done(calls=(Call(verb=verb),)) if "recording" in VERBS[verb].sets:
                run = run._replace(recording=VERBS[verb].sets["recording"])
    return StepResults(tuple(results))


def render(value: Any, fields: Fields) -> Any:
    """A parameter with every template in it rendered. Raises `Unknown`."""
    if isinstance(value, dict):
        return {key: render(inner, fields) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [render(inner, fields) for inner in value]
    if value is None or isinstance(value, str | int | float):
        return value
    return cast(Template, value).render(fields)


def _is_awaited(calls: tuple[Call, ...]) -> bool:
    return any(call.verb in WEB_VERBS or call.asks for call in calls)


def _take(state: MutableConference, run: Running, index: int) -> Result:
    """One step. Raises `Unknown` when it must not be left out."""
    step = run.rule.steps[index]
    if step.action == "wait":
        duration = step.params["duration"]
        return Waits(f"wait {format_duration(duration)}", float(duration))
    if step.action == "wait_for":
        return inner_steps.wait_for(step, run)
    late = run.now - _expires_from(run.what)
    if step.expires_in is not None and late > step.expires_in:
        expired = f"it expires after {format_duration(step.expires_in)}"
        return not_done(step, f"{format_duration(round(late, 1))} late, {expired}", late=True)
    try:
        if step.action == "choose":
            return inner_steps.choose(step, run.fields, step.after(index))
        return _taken(state, run, index, render(step.params, run.fields))
    except answers.FAILURES as error:
        reason = answers.reason(step, run.fields, error)
        if isinstance(error, Unknown) and step.on_error == "stop":
            raise Unknown(reason) from None
        return not_done(step, reason)


def _taken(state: MutableConference, run: Running, index: int, params: dict[str, Any]) -> Result:
    step = run.rule.steps[index]
    match step.action:
        case "log":
            note = f"{run.rule.name}: {params['text']}"
            return Done(short(f"log: {params['text']}"), notes=(note,))
        case "trigger":
            return inner_steps.trigger(state, run, index, params)
        case action if run.what.over is not None and not ACTIONS[action].after_all:
            return NotNeeded(f"{action}: not done, the conference is over")
        case "set":
            return inner_steps.set_vars(state, run, index, params["values"])
        case "extend":
            return inner_steps.extend(state, step, float(params["duration"]))
    return _call(state, run, index, params)


def _call(state: MutableConference, run: Running, index: int, params: Mapping[str, Any]) -> Result:
    step = run.rule.steps[index]
    action = ACTIONS[step.action]
    calls_by_value = CALLS[step.action]
    verb = calls_by_value.get(params.get(action.param, ""), calls_by_value[""])
    runs_already = state.recording if run.recording is None else run.recording
    if verb.sets.get("recording") and runs_already:
        running = {"recording": answers.recording(state)} if step.asks else None
        return Done(f"{step.action}: a recording is running already", brings=running)
    members: tuple[str, ...] = ()
    if step.target is not None and verb.members != "none":
        members = resolve(step.target, run.fields, state)
        if not members:
            return NotNeeded(f"{step.action}: nobody there")
    groups = [(member,) for member in members] if verb.members == "single" else [members]
    base = f"{run.id}.{index}"
    params = {**_params(action, params), **_carried(action, run.fields)}
    at, uuid = run.what.at, "" if verb.account else run.what.uuid_in(state)
    expires_at = None if step.expires_in is None else _expires_from(run.what) + step.expires_in
    calls = tuple(
        Call(
            id=base if len(groups) == 1 else f"{base}.{number}",
            verb=verb.name,
            conference=state.name,
            members=group,
            params=params,
            run=run.id,
            rule=run.rule.name,
            step=index,
            event=run.what.event,
            at=at,
            expires_at=expires_at,
            on_error=step.on_error,
            uuid=uuid,
            asks=step.asks,
        )
        for number, group in enumerate(groups)
    )
    line = _line(verb.name, members, {} if "response" in step.reads else params)
    line += BY_RESPONSE if "response" in step.reads else ""
    return Done(line + (_ASKS if step.asks else ""), calls)


def _expires_from(what: Occurrence) -> float:
    """The moment from which `expires_in` counts."""
    return what.at if what.due is None else what.due


def _params(action: Action, written: Mapping[str, Any]) -> Mapping[str, Any]:
    """A step's parameters as its call has them."""
    if len(action.calls) > 1:  # one of them has chosen the call
        return {name: value for name, value in written.items() if name != action.param}
    return written


def _carried(action: Action, fields: Fields) -> dict[str, Any]:
    """Groups of names that its calls take along. Raises `Unknown`."""
    for group in action.carries:
        if group not in fields:
            raise Unknown(f"{group} is not known")
    return {group: dict(fields[group]) for group in action.carries}


def _line(verb: str, members: tuple[str, ...], params: Mapping[str, Any]) -> str:
    who = " " + ", ".join(members) if members else ""
    what = params.get("text") or params.get("url") or params.get("to") or ""
    line = f"{verb}{who}: {what}" if what else f"{verb}{who}"
    return line if len(line) <= LONGEST_LINE else short(line)
