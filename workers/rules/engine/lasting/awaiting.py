"""Runs that wait for something to happen: `wait_for`, and which of them an occurrence meets."""

from collections.abc import Iterator
from dataclasses import replace

from app.domain.conference import AWAITS_LATE, Waiting
from app.domain.durations import format_duration
from workers.rules.engine.index import AWAITED, Rules
from workers.rules.engine.occurrence import Occurrence, crosses
from workers.rules.engine.state import MutableConference
from workers.rules.vocabulary.model import NO_ANSWER, Fields, Step, Trigger, Unknown
from workers.rules.vocabulary.triggers import KINDS

WAITS_FOR = "waits_for"
"""Among the fields of a run that waits: the place of its `wait_for`."""

CAME = "came"
"""What a run awaits whose time of waiting is over because it came."""


def met(
    state: MutableConference, rules: Rules, what: Occurrence, fields: Fields
) -> Iterator[Waiting]:
    """The runs that waited for just this, as they go on, in the order in which they began."""
    for waiting in list(state.waiting.values()):
        rule = rules.rule(waiting.rule) if waiting.awaits == "trigger" else None
        if rule is None or not rule.enabled:
            continue
        place: int = waiting.fields[WAITS_FOR]
        step = rule.steps[place]
        if what.number_in(state) == waiting.number and _meets(step, place, waiting, what, fields):
            seen = {**waiting.fields, "awaited": dict(what.fields)}
            yield replace(waiting, step=step.after(place), awaits=CAME, fields=seen)


def said(step: Step) -> str:
    """What a `wait_for` waits for, in words."""
    return " or ".join(_said(trigger) for trigger in step.params["triggers"])


def marks(step: Step, place: int) -> dict[str, object]:
    """What is kept with a run that waits by this step."""
    kinds = [KINDS[trigger.kind] for trigger in step.params["triggers"]]
    late = any(kind.over or "recording" in kind.sees for kind in kinds)
    return {WAITS_FOR: place, **({AWAITS_LATE: True} if late else {})}


def _said(trigger: Trigger) -> str:
    if trigger.parameter is None:
        return trigger.kind
    if isinstance(trigger.parameter, tuple):
        return f"{trigger.kind} {' '.join(map(str, trigger.parameter))}"
    if KINDS[trigger.kind].parameter == "duration":
        return f"{trigger.kind} {format_duration(trigger.parameter)}"
    return f"{trigger.kind} {trigger.parameter}"


def _meets(step: Step, place: int, waiting: Waiting, what: Occurrence, fields: Fields) -> bool:
    if not any(
        _is(trigger, place * AWAITED + number, waiting.rule, what)
        for number, trigger in enumerate(step.params["triggers"], AWAITED)
    ):
        return False
    if step.params.get("by") == "member":
        own = waiting.fields.get("member", {}).get("id")
        if fields.get("member", {}).get("id") != own:
            return False
    try:
        conditions = (step.params.get("match"), step.params.get("condition"))
        return all(one is None or one.refuses(fields) is None for one in conditions)
    except (Unknown, *NO_ANSWER):
        return False


def _is(trigger: Trigger, index: int, rule: str, what: Occurrence) -> bool:
    if trigger.kind != what.kind:
        return False
    if what.only is not None or KINDS[trigger.kind].since:
        return what.only == (rule, index)
    if trigger.parameter is None:
        return True
    if KINDS[trigger.kind].parameter == "count":
        return crosses(trigger.parameter, *what.value)
    return bool(trigger.parameter == what.value)
