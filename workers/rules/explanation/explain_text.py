"""An explanation for people."""

import json
from collections.abc import Iterator
from datetime import UTC, tzinfo

from app.domain.conference import Timer
from app.domain.durations import format_duration
from app.domain.moments import written
from workers.rules.engine.lasting.answers import said as answer_said
from workers.rules.explanation.explain import Explanation, Verdict, Wanted
from workers.rules.simulation.timeline_text import describe
from workers.rules.vocabulary.vars import said

_MARKS = {"applied": "+", "dry_run": "+", "failed": "!", "unknown": "?"}
_INNER = {
    "limit": "the limit: everybody is hung up",
    "ensure": "what is ensured and was undone is tried again",
}
_OF_RUNS = {"wait": "the end of a wait", "held": "the end of a hold"}
_WORDS = {
    "applied": "applies",
    "dry_run": "applies (dry run: everything but the calls)",
    "skipped": "does not apply",
    "unknown": "unknown",
    "failed": "fails",
    "not asked": "not asked",
}


def render_explanation(
    explanation: Explanation, *, zone: tzinfo = UTC, account: str = "{auth_id}"
) -> str:
    """The event, every rule with its reason, timers, and the exact requests."""
    return "\n".join(_lines(explanation, zone, account)) + "\n"


def render_after(explanation: Explanation, *, zone: tzinfo = UTC, account: str) -> str:
    """What followed from the answer to a question: only what is new."""
    answer = answer_said(explanation.event.data["response"])
    lines = ["", f"then, {answer}:", ""]
    for verdict in explanation.verdicts:
        lines += _verdict(verdict)
    for wanted in explanation.wanted:
        lines += _requests(wanted, account)
    new = explanation.timers_set
    lines += [f"  + {_timer(timer, explanation, zone)}" for timer in new]
    lines += [f"  + {name} is {said(now)}" for name, was, now in explanation.vars if was != now]
    lines += [f"  note: {note}" for note in explanation.decision.notes]
    return "\n".join(lines) + "\n"


def _lines(explanation: Explanation, zone: tzinfo, account: str) -> Iterator[str]:
    yield f"event: {describe(explanation.event)}"
    meant = ", ".join(explanation.meant)
    nothing = "nothing that rules wait for"
    if explanation.ignored:
        nothing = f"nothing new: {explanation.ignored}"
    yield f"means: {meant or nothing}"
    yield ""
    yield "rules:"
    for verdict in explanation.verdicts:
        yield from _verdict(verdict)
    if not explanation.verdicts:
        yield "  none"
    yield ""
    yield "requests:"
    for wanted in explanation.wanted:
        yield from _requests(wanted, account)
    if not explanation.wanted:
        yield "  none"
    yield ""
    yield "timers:"
    yield from _timers(explanation, zone)
    if explanation.vars:
        yield ""
        yield "vars:"
    for name, before, after in explanation.vars:
        was = f" (was {said(before)})" if before != after else ""
        yield f"  {'+' if was else ' '} {name} is {said(after)}{was}"
    for note in explanation.decision.notes:
        yield f"note: {note}"


def _verdict(verdict: Verdict) -> Iterator[str]:
    reason = f": {verdict.reason}" if verdict.reason else ""
    place = f" (line {verdict.line})" if verdict.line else ""
    mark = _MARKS.get(verdict.outcome, "-")
    yield f"  {mark} {verdict.rule}{place} {_WORDS[verdict.outcome]}{reason}"
    for step in verdict.steps:
        yield f"      {step}"


def _requests(wanted: Wanted, account: str) -> Iterator[str]:
    call = wanted.call
    if wanted.refusal:
        yield f"  never sent: {wanted.refusal}"
    elif call.verb == "archive":
        what = call.params["recording"].get("url", "the recording")
        if call.params.get("part"):
            yield f"  put the {call.params['part']} beside {call.params['to']}"
        else:
            yield f"  copy {what} to {call.params['to']}"
    elif not wanted.requests:
        yield f"  POST {call.params['url']}"
        if "json" in call.params:
            yield f"      {json.dumps(call.params['json'], ensure_ascii=False)}"
    for request in wanted.requests:
        yield f"  {request.method} /v1/Account/{account}{request.path}"
        if request.body is not None:
            yield f"      {json.dumps(request.body, ensure_ascii=False)}"


def _timers(explanation: Explanation, zone: tzinfo) -> Iterator[str]:
    new = explanation.timers_set
    for timer in explanation.timers:
        yield f"  {'+' if timer in new else ' '} {_timer(timer, explanation, zone)}"
    for timer in explanation.timers_cancelled:
        yield f"  - {_timer(timer, explanation, zone)} (cancelled)"
    if not explanation.timers and not explanation.timers_cancelled:
        yield "  none"


def _timer(timer: Timer, explanation: Explanation, zone: tzinfo) -> str:
    due = written(timer.due, zone)
    due_in = timer.due - explanation.event.at
    return f"{due} (in {format_duration(round(due_in, 1))}) {_what(timer, explanation)}"


def _what(timer: Timer, explanation: Explanation) -> str:
    """What is due, and for which rule."""
    if timer.kind in _INNER:
        return _INNER[timer.kind]
    kind = _OF_RUNS.get(timer.kind, timer.kind)
    name = explanation.rule_names.get(timer.rule)
    return f"{kind}, for “{name}”" if name else kind
