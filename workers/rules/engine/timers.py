"""Which timers a live conference has by the rules: derived, so that they can be derived again.

A timer's id names its instance, rule and trigger. Rules' ids change with what the rules do, so
timers of an unchanged rule keep their ids through a reload and those of a changed one do not.
"""

from collections.abc import Iterator
from math import floor

from app.domain.conference import Timer, what_of
from app.domain.durations import format_duration
from workers.rules.engine.index import Rules
from workers.rules.engine.lasting import held
from workers.rules.engine.state import MutableConference
from workers.rules.vocabulary.cron import parse_schedule
from workers.rules.vocabulary.model import Trigger, Unknown
from workers.rules.vocabulary.triggers import KINDS

SEEK = "seek"
"""Plivo is asked for a recording that has not come."""

SEEK_AFTER = (120.0, 600.0, 3600.0, 6 * 3600.0, 86400.0)
"""So long after an instance's end, in seconds, as long as the recording is not there."""

LIMIT_RETRY = 30.0
"""Seconds until a hang-up at the limit that failed is tried again."""


def _since(*times: str) -> tuple[str, ...]:
    return tuple(name for name, kind in KINDS.items() if kind.since in times)


_ALONE, _MISSED = _since("alone"), _since("end")
_BY_CLOCK = (*_since("start", "limit", "clock"), *_ALONE)
_ONCE = tuple(name for name in _since("start", "limit") if not KINDS[name].repeats)
_REPEATING = frozenset(name for name, kind in KINDS.items() if kind.repeats)
ENSURE = "ensure"
"""What rules ensure is looked at again."""

_KEPT = ("wait", "held", "doubt", SEEK, *_MISSED)


def set_limit(state: MutableConference, rules: Rules) -> None:
    """The first entry of `limits` that matches, plus what rules have added to it."""
    view = {"conference": {"name": state.name}}
    for limit in rules.limits:
        try:
            refused = limit.match is not None and limit.match.refuses(view) is not None
        except Unknown:
            refused = True
        if not refused:
            state.limit, state.hang_up = limit.duration + state.extended, limit.hang_up
            return
    state.limit, state.hang_up = None, True


def extend_limit(state: MutableConference, rules: Rules, more: float, at: float) -> None:
    """Move the limit; timers before it move along."""
    if state.limit is not None:
        state.limit += more
        state.extended += more
        derive(state, rules, at)


def derive(state: MutableConference, rules: Rules, after: float) -> None:
    """Set what the rules want and cancel what they no longer want. Times that have passed by
    `after` are not set: they had their turn, or nobody was waiting for them then."""
    state.rules = rules.digest
    kept = {k: t for k, t in state.timers.items() if t.kind in _KEPT}
    if state.live:
        for timer in _wanted(state, rules, after):
            known = state.timers.get(timer.id)
            if known is not None and timer.kind in _REPEATING:
                kept[timer.id] = known
            elif timer.due > after or known == timer:
                kept[timer.id] = timer
    state.timers = kept


def derive_again(state: MutableConference, rules: Rules, after: float) -> list[str]:
    """New rules: the limit and all timers as they would be by them. Runs that wait are held while
    their rule is away (`held`); says which."""
    held.adopt_former_ids(state, rules)
    notes = held.hold_or_release(state, rules, after)
    if state.live:
        set_limit(state, rules)
    derive(state, rules, after)
    return notes


def derive_alone(state: MutableConference, rules: Rules) -> None:
    """After the number of members changed: only who is alone has timers that count from then."""
    if state.alone_since is None:
        if any(timer.kind in _ALONE for timer in state.timers.values()):
            state.timers = {k: t for k, t in state.timers.items() if t.kind not in _ALONE}
        return
    for rule, index, trigger in [t for kind in _ALONE for t in rules.triggers(kind, state.name)]:
        due = state.alone_since + trigger.parameter
        timer = _timer(state.number, trigger.kind, rule, index, due)
        state.timers[timer.id] = timer


def not_any_more(state: MutableConference, rules: Rules, at: float) -> list[str]:
    """As the live instance ends: which rules were still to be told of a time in it, in words."""
    due = [t for t in state.timers.values() if t.number == state.number and t.kind in _ONCE]
    known = [(timer, rules.rule(timer.rule)) for timer in sorted(due, key=lambda t: t.due)]
    return [
        f"rule “{rule.name}” was due in {format_duration(round(timer.due - at, 1))}: "
        "the conference has ended"
        for timer, rule in known
        if rule is not None and timer.due > at
    ]


def set_missing(state: MutableConference, rules: Rules, number: int, at: float) -> None:
    """After the end of an instance whose recording has not come: `recording.missing`."""
    for rule, index, trigger in [t for kind in _MISSED for t in rules.triggers(kind, state.name)]:
        timer = _timer(number, trigger.kind, rule, index, at + trigger.parameter)
        state.timers[timer.id] = timer


def set_seek(state: MutableConference, number: int, at: float, nth: int = 0) -> None:
    """The recording of that instance, which has ended, has not come: it is looked for, for the
    `nth` time (from 0); `at` is when it ended, or was looked for before."""
    if nth < len(SEEK_AFTER):
        due = at + SEEK_AFTER[nth] - (SEEK_AFTER[nth - 1] if nth else 0.0)
        timer = Timer(f"{number}.{SEEK}", due, SEEK, trigger=nth, number=number)
        state.timers[timer.id] = timer


def cancel_missing(state: MutableConference, number: int) -> None:
    """The recording of that instance has come, or that instance lives on."""
    kinds = (SEEK, *_MISSED)
    state.timers = {
        k: t for k, t in state.timers.items() if t.kind not in kinds or t.number != number
    }
    state.sought.pop(str(number), None)


def repeat(state: MutableConference, rules: Rules, timer: Timer, now: float) -> int:
    """Set a repeating timer again, for its first time after `now`; returns how many were missed."""
    for rule, index, trigger in rules.triggers(timer.kind, state.name):
        if (rule, index) != (timer.rule, timer.trigger):
            continue
        missed = 0
        due: float | None
        if KINDS[timer.kind].since == "clock":
            due = parse_schedule(trigger.parameter).next_after(max(now, timer.due), rules.timezone)
        else:
            missed = max(0, floor((now - timer.due) / trigger.parameter))
            due = timer.due + (missed + 1) * float(trigger.parameter)
        if due is not None:
            state.timers[timer.id] = Timer(
                timer.id, due, timer.kind, timer.rule, timer.trigger, timer.number
            )
        return missed
    return 0


def _wanted(state: MutableConference, rules: Rules, after: float) -> Iterator[Timer]:
    limit_at = None if state.limit is None else state.started_at + state.limit
    if limit_at is not None and state.hang_up:
        # A limit that has passed is due at once: it is never forgotten.
        at = limit_at if limit_at > after else after + 0.001
        yield Timer(f"{state.number}.limit", at, "limit", number=state.number)
    for rule, index, trigger in [t for kind in _BY_CLOCK for t in rules.triggers(kind, state.name)]:
        due = _due(state, rules, trigger, after, limit_at)
        if due is not None:
            yield _timer(state.number, trigger.kind, rule, index, due)


def _due(
    state: MutableConference, rules: Rules, trigger: Trigger, after: float, limit_at: float | None
) -> float | None:
    kind = KINDS[trigger.kind]
    if kind.since == "clock":
        return parse_schedule(trigger.parameter).next_after(after, rules.timezone)
    parameter = float(trigger.parameter)
    if kind.since == "limit":
        return None if limit_at is None else limit_at - parameter
    if kind.since == "alone":
        return None if state.alone_since is None else state.alone_since + parameter
    if kind.repeats:
        passed = max(0, floor((after - state.started_at) / parameter))
        return state.started_at + (passed + 1) * parameter
    return state.started_at + parameter


def _timer(number: int, kind: str, rule: str, index: int, due: float) -> Timer:
    return Timer(f"{number}.{what_of(kind)}.{rule}.{index}", due, kind, rule, index, number)
