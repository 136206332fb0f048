"""What a rule must pass before it runs: its conditions, `once`, `cooldown`, and no silence."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.domain.durations import format_duration
from app.domain.silence import Silence
from workers.rules.engine.running import Running
from workers.rules.engine.state import MutableConference, short_hash
from workers.rules.vocabulary.model import NO_ANSWER, Unknown, no_answer


@dataclass(frozen=True, slots=True)
class Refused:
    """The rule does not run: `outcome` is "skipped" or "unknown"."""

    outcome: str
    reason: str


def refusal(
    state: MutableConference, run: Running, silences: Sequence[Silence] = ()
) -> Refused | None:
    """Why the rule does not run; None when it does. A silence is told only of a rule that would
    run without it."""
    rule, what = run.rule, run.what
    try:
        for condition in (rule.match, rule.condition):
            reason = condition.refuses(run.fields) if condition is not None else None
            if reason is not None:
                return Refused("skipped", reason)
    except Unknown as unknown:
        return Refused("unknown", str(unknown))
    except NO_ANSWER as error:
        return Refused("unknown", no_answer(error))
    if rule.once is not None:
        key = _once_key(state, run)
        if key is None:
            return Refused("unknown", "once: member, but this event has no member")
        if key in state.once:
            return Refused("skipped", f"once per {rule.once}: it has run already")
    if rule.cooldown is not None:
        last = state.cooldowns.get(rule.id)
        if last is not None and what.at - last < rule.cooldown:
            ago = format_duration(round(max(0.0, what.at - last), 1))
            return Refused(
                "skipped", f"cooldown {format_duration(rule.cooldown)}: it ran {ago} ago"
            )
    return silence_of(state, run, silences)


def silence_of(
    state: MutableConference, run: Running, silences: Sequence[Silence]
) -> Refused | None:
    """Who has silenced the rule; None when nobody has."""
    for silence in silences:
        if silence.mode == "off" and silence.covers(run.rule.name, state.name, run.what.at):
            return Refused("skipped", silence.said)
    return None


def as_told(state: MutableConference, run: Running, silences: Sequence[Silence]) -> Running:
    """The run with its calls or without, where a person has said so; the last word counts."""
    for silence in reversed(silences):
        if silence.mode == "off" or not silence.covers(run.rule.name, state.name, run.what.at):
            continue
        dry = silence.mode == "dry_run"
        if run.rule.dry_run != dry:
            return run._replace(rule=replace(run.rule, dry_run=dry), told=silence.said)
        return run
    return run


def remember(state: MutableConference, run: Running) -> None:
    """The rule runs: for `once` and `cooldown`."""
    if run.rule.once is not None:
        key = _once_key(state, run)
        if key is not None:
            state.mark_once(key, run.what.number_in(state))
    if run.rule.cooldown is not None:
        state.cooldowns[run.rule.id] = run.what.at


def _once_key(state: MutableConference, run: Running) -> str | None:
    """Under what `once` remembers this run: a member is known by the call, so that one who comes
    back under a new id is the same."""
    key = f"{run.what.number_in(state)}.{run.rule.id}"
    if run.rule.once != "member":
        return key
    member = run.fields.get("member")
    return member and f"{key}.{short_hash(member.get('call_uuid') or member['id'], 4)}"
