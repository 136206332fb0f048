"""Which timers a live conference has by the rules: derived, so that they can be derived again.

A timer's id names its instance, rule and trigger. Rules' ids change with their content, so timers
of an unchanged rule keep their ids through a reload and those of a changed one do not.
"""

from collections.abc import Iterator
from math import floor

from app.domain.conference import Timer
from workers.rules.engine.ruleset import Rules
from workers.rules.engine.state import Draft
from workers.rules.vocabulary.cron import parse_schedule
from workers.rules.vocabulary.model import Trigger, Unknown

LIMIT_RETRY = 30.0
"""Seconds until a hang-up at the limit that failed is tried again."""

_BY_CLOCK = (
    "conference.elapsed",
    "conference.time_left",
    "conference.every",
    "schedule",
    "member.alone",
)
_REPEATING = frozenset({"conference.every", "schedule"})


def set_limit(draft: Draft, rules: Rules) -> None:
    """The first entry of `limits` that matches, plus what rules have added to it."""
    view = {"conference": {"name": draft.name}}
    for limit in rules.limits:
        try:
            refused = limit.match is not None and limit.match.refuses(view) is not None
        except Unknown:
            refused = True
        if not refused:
            draft.limit, draft.hang_up = limit.duration + draft.extended, limit.hang_up
            return
    draft.limit, draft.hang_up = None, True


def derive(draft: Draft, rules: Rules, after: float) -> None:
    """Set what the rules want and cancel what they no longer want. Times that have passed by
    `after` are not set: they had their turn, or nobody was waiting for them then."""
    draft.rules = rules.digest
    kept = {k: t for k, t in draft.timers.items() if t.kind in ("wait", "recording.missing")}
    if draft.live:
        for timer in _wanted(draft, rules, after):
            known = draft.timers.get(timer.id)
            if known is not None and timer.kind in _REPEATING:
                kept[timer.id] = known
            elif timer.due > after or known == timer:
                kept[timer.id] = timer
    draft.timers = kept


def derive_again(draft: Draft, rules: Rules, after: float) -> list[str]:
    """New rules: the limit and all timers as they would be by them. Waits of runs whose rule is
    gone or changed are dropped; says which."""
    notes = []
    if draft.waiting or draft.timers or draft.cooldowns:
        present = {rule.id for rule in rules.rules}
        for run, waiting in list(draft.waiting.items()):
            if waiting.rule not in present:
                drop_wait(draft, run)
                notes.append(f"run {run} does not go on: its rule was changed or removed")
        draft.timers = {
            k: t
            for k, t in draft.timers.items()
            if t.kind != "recording.missing" or t.rule in present
        }
        draft.cooldowns = {k: at for k, at in draft.cooldowns.items() if k in present}
    if draft.live:
        set_limit(draft, rules)
    derive(draft, rules, after)
    return notes


def derive_alone(draft: Draft, rules: Rules) -> None:
    """After the number of members changed: only who is alone has `member.alone` timers."""
    kind = "member.alone"
    if draft.alone_since is None:
        if any(timer.kind == kind for timer in draft.timers.values()):
            draft.timers = {k: t for k, t in draft.timers.items() if t.kind != kind}
        return
    for rule, index, trigger in _triggers(draft, rules, kind):
        timer = _timer(draft, kind, rule, index, draft.alone_since + trigger.parameter)
        draft.timers[timer.id] = timer


def set_missing(draft: Draft, rules: Rules, number: int, at: float) -> None:
    """After the end of an instance whose recording has not come: `recording.missing`."""
    kind = "recording.missing"
    for rule, index, trigger in _triggers(draft, rules, kind):
        timer_id = f"{number}.missing.{rule}.{index}"
        due = at + trigger.parameter
        draft.timers[timer_id] = Timer(timer_id, due, kind, rule, index, number)


def cancel_missing(draft: Draft, number: int) -> None:
    """The recording of that instance has come."""
    draft.timers = {
        k: t for k, t in draft.timers.items() if t.kind != "recording.missing" or t.number != number
    }


def repeat(draft: Draft, rules: Rules, timer: Timer, now: float) -> int:
    """Set a repeating timer again, for its first time after `now`; returns how many were missed."""
    for rule, index, trigger in _triggers(draft, rules, timer.kind):
        if (rule, index) != (timer.rule, timer.trigger):
            continue
        missed = 0
        due: float | None
        if timer.kind == "schedule":
            due = parse_schedule(trigger.parameter).next_after(max(now, timer.due), rules.timezone)
        else:
            missed = max(0, floor((now - timer.due) / trigger.parameter))
            due = timer.due + (missed + 1) * float(trigger.parameter)
        if due is not None:
            draft.timers[timer.id] = Timer(
                timer.id, due, timer.kind, timer.rule, timer.trigger, timer.number
            )
        return missed
    return 0


def drop_wait(draft: Draft, run: str) -> None:
    """A waiting run does not go on."""
    if draft.waiting.pop(run, None) is not None:
        draft.timers = {k: t for k, t in draft.timers.items() if t.run != run}


def _wanted(draft: Draft, rules: Rules, after: float) -> Iterator[Timer]:
    limit_at = None if draft.limit is None else draft.started_at + draft.limit
    if limit_at is not None and draft.hang_up:
        # A limit that has passed is due at once: it is never forgotten.
        at = limit_at if limit_at > after else after + 0.001
        yield Timer(f"{draft.number}.limit", at, "limit", number=draft.number)
    for kind in _BY_CLOCK:
        for rule, index, trigger in _triggers(draft, rules, kind):
            due = _due(draft, rules, kind, trigger, after, limit_at)
            if due is not None:
                yield _timer(draft, kind, rule, index, due)


def _due(
    draft: Draft, rules: Rules, kind: str, trigger: Trigger, after: float, limit_at: float | None
) -> float | None:
    if kind == "schedule":
        return parse_schedule(trigger.parameter).next_after(after, rules.timezone)
    parameter = float(trigger.parameter)
    if kind == "conference.time_left":
        return None if limit_at is None else limit_at - parameter
    if kind == "member.alone":
        return None if draft.alone_since is None else draft.alone_since + parameter
    if kind == "conference.every":
        passed = max(0, floor((after - draft.started_at) / parameter))
        return draft.started_at + (passed + 1) * parameter
    return draft.started_at + parameter


def _timer(draft: Draft, kind: str, rule: str, index: int, due: float) -> Timer:
    short = kind.partition(".")[2] or kind
    return Timer(f"{draft.number}.{short}.{rule}.{index}", due, kind, rule, index, draft.number)


def _triggers(draft: Draft, rules: Rules, kind: str) -> Iterator[tuple[str, int, Trigger]]:
    for _, rule, indexes in rules.candidates(kind, draft.name):
        for index in indexes:
            yield rule.id, index, rule.triggers[index]
