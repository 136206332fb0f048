"""`gavel explain`: what the rules make of one event, and why; nothing is sent or stored."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.call import Call
from app.domain.conference import Conference, Timer
from app.domain.event import Event
from app.domain.silence import Silence
from workers.conference.errors import PlivoError
from workers.plivo.endpoints import ApiRequest, build_requests
from workers.rules.engine.candidates.not_meant import elsewhere, waits_for
from workers.rules.engine.decide import decide, meanings
from workers.rules.engine.index import Rules
from workers.rules.engine.lasting import memory
from workers.rules.engine.occurrence import Occurrence
from workers.rules.engine.run import Decision, Run
from workers.rules.vocabulary.actions import WEB_VERBS
from workers.rules.vocabulary.model import Fields, Rule

Meant = Sequence[tuple[Occurrence, Fields]]
"""What the event turned out to mean, with what rules can see of each."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule and this event. `outcome` as in `Run`, or "not asked" when the rule waits for
    something else, for another conference, or is not enabled; `reason` says which."""

    rule: str
    line: int
    outcome: str
    reason: str = ""
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call and the requests that it means. `refusal` says why it would never be sent."""

    call: Call
    requests: tuple[ApiRequest, ...]
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that follows from one event. `meant` are the kinds of what it turned out to mean
    (a first `enter` is also a start), or `ignored` says why it means nothing; `timers_before` were
    set, `timers` are after it; `rule_names` are those of the rules' ids. `vars`: name, value before
    and after."""

    event: Event
    meant: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    wanted: tuple[Wanted, ...]
    timers_before: tuple[Timer, ...]
    timers: tuple[Timer, ...]
    decision: Decision
    rule_names: Mapping[str, str]
    ignored: str = ""
    vars: tuple[tuple[str, Any, Any], ...] = ()

    @property
    def timers_set(self) -> tuple[Timer, ...]:
        """Those that are new or have moved."""
        return tuple(timer for timer in self.timers if timer not in self.timers_before)

    @property
    def timers_cancelled(self) -> tuple[Timer, ...]:
        """Those that are not there any more."""
        left = {timer.id for timer in self.timers}
        return tuple(timer for timer in self.timers_before if timer.id not in left)


def explain(
    event: Event,
    conference: Conference,
    rules: Rules,
    now: float,
    public_url: str = "",
    silences: Sequence[Silence] = (),
) -> Explanation:
    """`decide` for one event, with a reason for every rule of the file. `public_url` is ours, for
    the callbacks of recordings; `silences` are those that hold."""
    decision = decide(conference, [event], rules, now, silences=silences).in_detail()
    meant = meanings(conference, event, rules, now)
    ignored = "" if meant else decision.ignored.get(event.id, "")
    runs: dict[str, Run] = {run.rule_id: run for run in decision.idle}
    for run in decision.runs:
        known = runs.get(run.rule_id)
        if known is None or known.outcome in ("skipped", "unknown"):
            runs[run.rule_id] = run
    return Explanation(
        event=event,
        meant=tuple(dict.fromkeys(what.kind for what, _ in meant)),
        verdicts=tuple(_verdicts(rules.rules, runs, meant, event, ignored)),
        wanted=tuple(_wanted(call, public_url) for call in decision.calls),
        timers_before=_in_order(conference),
        timers=_in_order(decision.conference),
        decision=decision,
        rule_names={rule.id: rule.name for rule in rules.rules},
        ignored=ignored,
        vars=tuple(_vars(conference, decision.conference, rules)),
    )


def _vars(before: Conference, after: Conference, rules: Rules) -> Iterator[tuple[str, Any, Any]]:
    new = memory.values(after.vars, rules.vars)
    for name, value in memory.values(before.vars, rules.vars).items():
        yield name, value, new[name]


def _verdicts(
    rules: Sequence[Rule], runs: dict[str, Run], meant: Meant, event: Event, ignored: str
) -> Iterator[Verdict]:
    for rule in rules:
        run = runs.get(rule.id)
        if run is not None:
            yield Verdict(rule.name, rule.line, run.outcome, run.reason, run.steps)
        else:
            reason = _why_not(rule, meant, event, ignored)
            yield Verdict(rule.name, rule.line, "not asked", reason)
    known = {rule.id for rule in rules}
    for run in runs.values():
        if run.rule_id not in known:  # the hang-up at the limit
            yield Verdict(run.rule, 0, run.outcome, run.reason, run.steps)


def _why_not(rule: Rule, meant: Meant, event: Event, ignored: str) -> str:
    if not rule.enabled:
        return "it is not enabled"
    if rule.ensures:
        return "it ensures something while the conference is live, which it is not"
    own = {trigger.kind for trigger in rule.triggers}
    meaning = next(((what, fields) for what, fields in meant if what.kind in own), None)
    if meaning is None and ignored and event.kind in own:
        repeat = ": a repeat" if ignored.endswith("already") else ""
        return f"{ignored}{repeat}; `--state empty` to ask anew"
    if meaning is None:
        return f"it waits for {_listed(sorted(own))}"
    what, _ = meaning
    if refused := elsewhere(rule, event.conference):
        return refused
    waits = waits_for(rule, what.kind)
    if what.kind == "conference.members":
        before, after = what.value
        return f"the number of members went from {before} to {after}, {waits}"
    if what.value is not None and waits:
        return f"{what.kind} was {what.value}, {waits}"
    return "this was for another rule"


def _wanted(call: Call, public_url: str) -> Wanted:
    if call.verb in WEB_VERBS:
        return Wanted(call, ())
    try:
        return Wanted(call, build_requests(call, public_url))
    except PlivoError as error:
        return Wanted(call, (), str(error))


def _in_order(conference: Conference) -> tuple[Timer, ...]:
    return tuple(sorted(conference.timers.values(), key=lambda timer: (timer.due, timer.id)))


def _listed(words: Sequence[str]) -> str:
    return " or ".join(words)
