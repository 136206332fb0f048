"""What the tools for rules tell, as JSON values: findings, tests, explanations, differences."""

from collections.abc import Iterable, Iterator
from typing import Any

from app.domain.conference import Timer
from app.yaml.problems import Problem
from workers.rules.explanation.explain import Explanation, Wanted
from workers.rules.explanation.replay import Change, Diff
from workers.rules.simulation.timeline import Report, Result
from workers.rules.simulation.timeline_text import problems_of, story

Json = dict[str, Any]


def problems(found: Iterable[Problem]) -> list[Json]:
    """Findings of a file, in its order."""
    return [
        {
            "path": one.path,
            "line": one.line,
            "column": one.column,
            "level": one.level,
            "message": one.message,
        }
        for one in found
    ]


def unusable(path: str, found: Iterable[Problem]) -> Json:
    """A file of tests that could not be played."""
    return {"path": path, "passed": False, "problems": problems(found), "tests": []}


def report(found: Report) -> Json:
    """The tests of a file."""
    tests = [_test(found.path, result) for result in found.results]
    return {"path": found.path, "passed": found.passed, "problems": [], "tests": tests}


def _test(path: str, result: Result) -> Json:
    return {
        "name": result.case.name,
        "line": result.case.line,
        "passed": result.passed,
        "problems": list(problems_of(path, result)),
        "happened": list(story(result)),
    }


def explanation(found: Explanation) -> Json:
    """What the rules make of an event."""
    event = found.event
    return {
        "event": {
            "id": event.id,
            "kind": event.kind,
            "conference": event.conference,
            "at": event.at,
            "uuid": event.uuid,
            "data": dict(event.data),
        },
        "means": list(found.meant),
        "ignored": found.ignored,
        "rules": [
            {
                "rule": one.rule,
                "line": one.line,
                "outcome": one.outcome.replace(" ", "_"),
                "reason": one.reason,
                "steps": list(one.steps),
            }
            for one in found.verdicts
        ],
        "calls": [_call(one) for one in found.wanted],
        "timers": list(_timers(found)),
        "vars": [
            {"name": name, "before": before, "after": after} for name, before, after in found.vars
        ],
        "notes": list(found.decision.notes),
    }


def _call(wanted: Wanted) -> Json:
    call = wanted.call
    return {
        "verb": call.verb,
        "conference": call.conference,
        "members": list(call.members),
        "params": dict(call.params),
        "refusal": wanted.refusal,
        "requests": [
            {"method": one.method, "path": one.path, "body": one.body} for one in wanted.requests
        ],
    }


def _timers(found: Explanation) -> Iterator[Json]:
    new = found.timers_set
    for timer in found.timers:
        yield _timer(timer, found, "set" if timer in new else "kept")
    for timer in found.timers_cancelled:
        yield _timer(timer, found, "cancelled")


def _timer(timer: Timer, found: Explanation, change: str) -> Json:
    rule = found.rule_names.get(timer.rule, "")
    return {"id": timer.id, "due": timer.due, "kind": timer.kind, "rule": rule, "change": change}


def difference(found: Diff) -> Json:
    """How other rules would have decided."""
    changes = [_change(one) for one in found.changes]
    return {"events": found.events, "changes": changes, "unanswered": found.unanswered}


def _change(one: Change) -> Json:
    return {
        "at": one.at,
        "conference": one.conference,
        "event": one.event,
        "kind": one.kind,
        "calls_before": list(one.only_before),
        "calls_after": list(one.only_after),
        "rules": [
            {"rule": rule, "before": before, "after": after} for rule, before, after in one.runs
        ],
    }
