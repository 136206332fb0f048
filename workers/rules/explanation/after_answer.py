"""What comes after a question: an event as it is explained, when its webhooks are answered so."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from app.domain.call import Call
from app.domain.event import Event
from app.domain.silence import Silence
from workers.conference.errors import CallError
from workers.rules.engine.index import Rules
from workers.rules.explanation.explain import Explanation, explain
from workers.webhooks.response import judge, response_of

MOST = 20
"""So many questions of one event, each perhaps from the steps after another, are gone after."""


def after_answers(
    first: Explanation,
    rules: Rules,
    response: str,
    public_url: str = "",
    silences: Sequence[Silence] = (),
) -> Iterator[Explanation]:
    """What the steps after each webhook that asks do when it is answered `response`: the body of a
    200, or a status alone (`404`)."""
    before, left = first, _asking(first)
    for number in range(MOST):
        if not left:
            return
        call, *left = left
        event = _outcome(call, first.event, f"{first.event.id}-answer-{number}", response)
        conference = before.decision.conference
        before = explain(event, conference, rules, event.at, public_url, silences)
        only = tuple(one for one in before.verdicts if one.outcome != "not asked")
        yield replace(before, verdicts=only)
        left += _asking(before)


def _asking(found: Explanation) -> list[Call]:
    calls = found.decision.calls
    return [call for call in calls if call.asks and call.verb == "webhook"]


def _outcome(call: Call, event: Event, id: str, response: str) -> Event:
    """How the call turned out, as the conference hears of it."""
    data: dict[str, Any] = {
        "run": call.run,
        "step": call.step,
        "call": call.id,
        "verb": call.verb,
        "response": _answer(response),
    }
    kind = "step.done"
    try:
        judge("its receiver", data["response"]["status"], None, datetime.fromtimestamp(0, UTC))
    except CallError as error:
        kind = "action.failed"
        data |= {"error": str(error), "rule": call.rule}
    return Event(id, kind, event.conference, event.at, call.uuid, data, account=event.account)


def _answer(response: str) -> Mapping[str, Any]:
    if len(response) == 3 and response.isdecimal():
        status = int(response)
        return response_of(status, b"") if 200 <= status < 300 else {"status": status}
    return response_of(200, response.encode("utf-8", "replace"))
