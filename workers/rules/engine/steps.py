"""A run's steps: from the `do` of a rule to the calls it wants, up to its end or its next wait.

A walk changes nothing: what it wants is collected and takes effect when all of it could be
worked out, so a rule never does half of what it says because a field was absent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from app.domain.call import VERBS, WEB_VERBS, Call
from workers.rules.engine.state import Draft
from workers.rules.engine.targets import resolve
from workers.rules.vocabulary.model import Fields, Rule, Step, Template, Unknown

MOST_TRIGGERS = 8
"""How many `trigger` actions may follow from one another."""

_LINE_LENGTH = 160


@dataclass(slots=True)
class Walk:
    """What one stretch of a run wants. `next_step` is where it goes on: `wait` seconds later, or
    (`wait` is None) when its last call, which went to the web, is through. `stopped` says why it
    ended early; `did` counts the steps that were taken."""

    run: str
    event: str
    at: float
    now: float
    is_over: bool
    chain: int
    uuid: str
    calls: list[Call] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    triggers: list[tuple[int, str, Mapping[str, Any], str | None]] = field(default_factory=list)
    extend: float = 0.0
    next_step: int | None = None
    wait: float | None = None
    stopped: str = ""
    is_late: bool = False
    did: int = 0


def walk(draft: Draft, rule: Rule, first: int, fields: Fields, to: Walk) -> None:
    """Go through the steps from `first`. Raises `Unknown` when a step that must not be left out
    needs a field that is absent."""
    for index in range(first, len(rule.steps)):
        step = rule.steps[index]
        has_more = index + 1 < len(rule.steps)
        if step.action == "wait":
            to.lines.append(f"wait {seconds(step.params['duration'])}")
            if has_more:
                to.wait, to.next_step = float(step.params["duration"]), index + 1
            return
        late = _late(step, to)
        why = late or _take(draft, rule, index, fields, to)
        if why:
            to.lines.append(f"{step.action}: {why}")
            if step.on_error == "stop":
                to.stopped, to.is_late = why, bool(late)
                return
        elif step.action == "extend" and not to.is_over:
            fields = _later(fields, float(step.params["duration"]))
        elif step.action in WEB_VERBS and not rule.dry_run and has_more:
            to.next_step = index + 1
            return


def seconds(duration: float) -> str:
    """A duration for people."""
    return f"{duration:g} s"


def render(value: Any, fields: Fields) -> Any:
    """A parameter with every template in it rendered. Raises `Unknown`."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {key: render(inner, fields) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [render(inner, fields) for inner in value]
    return cast(Template, value).render(fields)


def _late(step: Step, to: Walk) -> str:
    if step.expires_in is None or to.now - to.at <= step.expires_in:
        return ""
    return f"{seconds(round(to.now - to.at, 1))} late, it expires after {seconds(step.expires_in)}"


def _take(draft: Draft, rule: Rule, index: int, fields: Fields, to: Walk) -> str:
    """One step. Returns why it could not be taken, "" when it was."""
    step = rule.steps[index]
    try:
        params = render(step.params, fields)
        if step.action == "log":
            to.notes.append(f"{rule.name}: {params['text']}")
            return _did(to, f"log: {params['text']}")
        if step.action == "trigger":
            return _trigger(index, params, fields, to)
        if to.is_over and step.action not in WEB_VERBS:
            to.lines.append(f"{step.action}: not done, the conference is over")
            return ""
        if step.action == "extend":
            return _extend(draft, float(params["duration"]), to)
        return _call(draft, rule, index, params, fields, to)
    except Unknown as unknown:
        if step.on_error == "stop":
            raise
        return str(unknown)


def _did(to: Walk, line: str) -> str:
    to.did += 1
    to.lines.append(line if len(line) <= _LINE_LENGTH else line[: _LINE_LENGTH - 1] + "…")
    return ""


def _trigger(index: int, params: Mapping[str, Any], fields: Fields, to: Walk) -> str:
    if to.chain >= MOST_TRIGGERS:
        return f"trigger {params['name']} refused: {MOST_TRIGGERS} triggers led here already"
    member = fields.get("member")
    to.triggers.append((index, params["name"], params.get("data", {}), member and member["id"]))
    return _did(to, f"trigger {params['name']}")


def _extend(draft: Draft, duration: float, to: Walk) -> str:
    if draft.limit is None:
        return "this conference has no limit to extend"
    to.extend += duration
    return _did(to, f"extend the limit by {seconds(duration)}")


def _later(fields: Fields, more: float) -> Fields:
    """The steps after an `extend` see the limit that it moved."""
    view = dict(fields["conference"])
    for key in ("limit", "time_left"):
        if key in view:
            view[key] += more
    return {**fields, "conference": view}


def _call(
    draft: Draft, rule: Rule, index: int, params: dict[str, Any], fields: Fields, to: Walk
) -> str:
    step = rule.steps[index]
    verb = _verb(step, params)
    form = VERBS[verb].members
    members: tuple[str, ...] = ()
    if step.target is not None and form != "none":
        members = resolve(step.target, fields, draft)
        if not members:
            to.lines.append(f"{step.action}: nobody there")
            return ""
    groups = [(member,) for member in members] if form == "single" else [members]
    base = f"{to.run}.{index}"
    shaped = _shape(verb, params, fields)
    for number, group in enumerate(groups):
        to.calls.append(
            Call(
                id=base if len(groups) == 1 else f"{base}.{number}",
                verb=verb,
                conference=draft.name,
                members=group,
                params=shaped,
                run=to.run,
                rule=rule.name,
                step=index,
                event=to.event,
                at=to.at,
                expires_at=None if step.expires_in is None else to.at + step.expires_in,
                on_error=step.on_error,
                uuid=to.uuid,
            )
        )
    return _did(to, _line(verb, members, shaped))


def _verb(step: Step, params: Mapping[str, Any]) -> str:
    if step.action != "hang_up":
        return step.action
    if step.target is not None:
        return "hang_up_member"
    return "hang_up_all" if params.get("what") == "every_conference" else "hang_up"


def _shape(verb: str, params: Mapping[str, Any], fields: Fields) -> Mapping[str, Any]:
    """A step's parameters as the call has them."""
    if verb == "record":
        shaped = {"file_format": params["format"]} if "format" in params else {}
        if params.get("transcribe"):
            shaped["transcription_type"] = "auto"
        return shaped
    if verb == "archive":
        recording = fields.get("recording", {})
        if "url" not in recording:
            raise Unknown("recording.url is absent")
        return {**params, **{k: recording[k] for k in ("url", "id", "format") if k in recording}}
    return {} if verb in ("hang_up", "hang_up_all") else params


def _line(verb: str, members: tuple[str, ...], params: Mapping[str, Any]) -> str:
    who = " " + ", ".join(members) if members else ""
    what = params.get("text") or params.get("url") or params.get("to") or ""
    return f"{verb}{who}: {what}" if what else f"{verb}{who}"
