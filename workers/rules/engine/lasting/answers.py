"""What later steps see of a step's answer: `response` of a webhook, `recording` of `record`.

A run takes it along over its waits as far as its steps still ask about it. What a webhook's
receiver answered comes from a foreign host: it is bounded where it is received, the sum of what is
kept is bounded here, and no line of ours tells a value of it.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.domain.conference import Waiting
from app.domain.event import Event
from workers.rules.engine.recordings import records
from workers.rules.engine.state import MutableConference
from workers.rules.vocabulary.model import NO_ANSWER, Fields, Rule, Step, Unknown, no_answer

ANSWER = "answer"
"""What a run awaits that goes on when its call to Plivo is answered."""

MOST_KEPT = 64 * 1024
"""Bytes of JSON in the responses that waiting runs of one conference keep."""

TOO_MANY = f"the runs of this conference keep more than {MOST_KEPT // 1024} KiB of responses"


def heard(state: MutableConference, waiting: Waiting, event: Event) -> Waiting:
    """The run with what this outcome brings for its steps."""
    data = event.data
    if data.get("verb") == "webhook":
        brought = {"response": data.get("response", {})}
    elif waiting.awaits == ANSWER:
        brought = {"recording": recording(state, data.get("recording_id", ""))}
    else:
        return waiting
    return replace(waiting, fields={**waiting.fields, **brought})


def recording(state: MutableConference, id: str = "") -> dict[str, str]:
    """The recording that runs: by the id that the answer told, or by what is known of it."""
    known = (one for one, _ in records.open_ones(state, state.number, state.uuid))
    id = id or next((one for one in known if not records.is_provisional(one)), "")
    return {"id": id} if id else {}


def answered(state: MutableConference, call: str) -> Waiting | None:
    """The run that waits for the answer to this call."""
    run = call.rpartition(".")[0]
    waiting = state.waiting.get(run)
    return waiting if waiting is not None and waiting.awaits == ANSWER else None


def still_asked(rule: Rule, step: int, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields without a response that no step from this one on asks about."""
    if "response" not in fields or any("response" in one.reads for one in rule.steps[step:]):
        return dict(fields)
    return {name: value for name, value in fields.items() if name != "response"}


def within(state: MutableConference, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of a run that waits, without the JSON of a response that there is no room for."""
    response = fields.get("response", {})
    if "json" not in response:
        return fields
    others = (one.fields.get("response", {}) for one in state.waiting.values())
    size = sum(_size(one) for one in (response, *others))
    if size <= MOST_KEPT:
        return fields
    kept = {name: value for name, value in response.items() if name != "json"}
    return {**fields, "response": {**kept, "left_out": TOO_MANY}}


def said(response: Mapping[str, Any]) -> str:
    """A webhook's answer in words, without what is in it; "" for none."""
    if "status" not in response:
        return ""
    what = f"answered {response['status']}"
    if "size" in response:
        what += f", {response['size']} bytes"
    return what + (f"; {response['left_out']}" if response.get("left_out") else "")


def absent_in_a_dry_run(step: Step, fields: Fields) -> str:
    """The answer that a step asks about and a dry run does not get; "" for none."""
    return next(iter(sorted(step.reads - fields.keys())), "")


def reason(step: Step, fields: Fields, error: BaseException) -> str:
    """Why a step has no answer, without values out of a response."""
    untold = "response" in step.reads
    if not isinstance(error, Unknown):
        return no_answer(error, untold=untold)
    if not untold:
        return str(error)
    left_out = fields.get("response", {}).get("left_out", "")
    return error.untold + (f" ({left_out})" if left_out and "absent" in error.untold else "")


def _size(response: Mapping[str, Any]) -> int:
    return len(json.dumps(response["json"])) if "json" in response else 0


FAILURES = (Unknown, *NO_ANSWER)
