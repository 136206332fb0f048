"""What is kept for a rule while it is away: runs that wait, cooldowns.

A file that is written in pieces, a branch that is switched: a rule that is gone or other for a
moment is often back in the next. A run that waits for it is held for `HELD` seconds and goes on
when the rule is back, however late that is by its steps' `expires_in`; then it is given up.
"""

from dataclasses import replace

from app.domain.conference import Timer, Waiting
from workers.rules.engine.index import Rules
from workers.rules.engine.lasting import answers
from workers.rules.engine.state import MutableConference

HELD = 60.0
"""Seconds that a run is held for a rule that is away."""

COOLDOWNS_KEPT = 64
"""How many cooldowns of rules that are away are remembered."""


def hold_or_release(state: MutableConference, rules: Rules, at: float) -> list[str]:
    """After the rules changed at `at`; says which runs are held and which are no longer."""
    notes = []
    for waiting in list(state.waiting.values()):
        timer = _timer(waiting, at)
        if not rules.is_there(waiting.rule):
            if timer.id not in state.timers:
                state.timers[timer.id] = timer
                notes.append(
                    f"{waiting.said} is held: its rule was changed or removed; "
                    f"it goes on if that is undone within {HELD:.0f} s"
                )
        elif state.timers.pop(timer.id, None) is not None:
            notes.append(f"{waiting.said} is no longer held: its rule is back")
            _go_on(state, waiting, at)
    _forget_cooldowns(state, rules)
    return notes


def keep(state: MutableConference, waiting: Waiting, due: float) -> bool:
    """Keep a run whose time has come while its rule is away; false when it is not held."""
    if _timer(waiting, due).id not in state.timers:
        return False
    first_due = due if waiting.due is None else waiting.due
    fields = answers.within(state, waiting.fields)
    state.waiting[waiting.run] = replace(waiting, awaits="timer", due=first_due, fields=fields)
    return True


def drop_wait(state: MutableConference, run: str) -> None:
    """A waiting run does not go on."""
    if state.waiting.pop(run, None) is not None:
        state.timers = {k: t for k, t in state.timers.items() if t.run != run}


def adopt_former_ids(state: MutableConference, rules: Rules) -> None:
    """State that an older version wrote: what it knows of rules, under their ids of today."""
    if not (state.waiting or state.timers or state.cooldowns or state.once):
        return
    now = {rule.former_id: rule.id for rule in rules.rules if rule.former_id}
    state.waiting = {
        run: replace(one, rule=now[one.rule]) if one.rule in now else one
        for run, one in state.waiting.items()
    }
    state.timers = {
        key: replace(one, rule=now[one.rule]) if one.rule in now and one.kind in _LASTING else one
        for key, one in state.timers.items()
    }
    state.cooldowns = {now.get(rule, rule): at for rule, at in state.cooldowns.items()}
    state.once = {_renamed(key, now): number for key, number in state.once.items()}


_LASTING = ("wait", "recording.missing")


def _renamed(key: str, now: dict[str, str]) -> str:
    """Of `once`: instance, rule and perhaps member, joined by dots."""
    number, rule, *member = key.split(".")
    return ".".join((number, now.get(rule, rule), *member))


def _timer(waiting: Waiting, at: float) -> Timer:
    timer_id = f"{waiting.number}.held.{waiting.run}"
    return Timer(timer_id, at + HELD, "held", waiting.rule, 0, waiting.number, waiting.run)


def _go_on(state: MutableConference, waiting: Waiting, at: float) -> None:
    """At once, if its time came meanwhile."""
    if waiting.due is not None:
        number, run = waiting.number, waiting.run
        timer_id = f"{number}.wait.{run}.{waiting.step}"
        state.timers[timer_id] = Timer(timer_id, at, "wait", waiting.rule, 0, number, run)


def _forget_cooldowns(state: MutableConference, rules: Rules) -> None:
    """Of rules that are away, all but the last."""
    away = [rule for rule in state.cooldowns if not rules.is_there(rule)]
    forgotten = set(away[:-COOLDOWNS_KEPT])
    if forgotten:
        state.cooldowns = {k: at for k, at in state.cooldowns.items() if k not in forgotten}
