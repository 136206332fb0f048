"""Who changed what by an event: by which rule's call, or by hand; and what became of our calls."""

from collections.abc import Iterator, Sequence

from app.domain.call import Call
from app.domain.durations import format_duration
from app.domain.event import Event
from workers.rules.engine.occurrence import EVERYBODY
from workers.rules.engine.state import MutableConference
from workers.rules.vocabulary.actions import VERBS

RUN = ".ensure."
"""In the ids of runs that ensure something, before the place of the rule in the file."""

FIRST_WAIT, LONGEST_WAIT = 60.0, 1800.0
"""Seconds that are waited after the second undoing in a row, doubled with each more, up to this."""


def wait(undone: int) -> float:
    """Seconds until something is tried again that was undone, or failed, so often in a row."""
    return float(min(LONGEST_WAIT, FIRST_WAIT * 2 ** max(0, undone - 2)))


def whom_of(members: Sequence[str]) -> str:
    """Members in words; ("",) is the conference."""
    if not any(members):
        return "the conference"
    return f"member{'s' if len(members) > 1 else ''} {', '.join(members)}"


class Acts:
    """The calls that an event led to before what is ensured was looked at. `by_hand` is what a
    person has just asked for, by flag and member ("": the conference)."""

    def __init__(self, state: MutableConference, event: Event, made: Sequence[Call]) -> None:
        self.state, self.event, self.made = state, event, tuple(made)
        self.by_hand = dict(self._by_hand())

    def _by_hand(self) -> Iterator[tuple[tuple[str, str], bool]]:
        for call in self.made if self.event.kind == "operator.acted" else ():
            if call.run == f"{self.event.id}.0":
                for flag, value in VERBS[call.verb].sets.items():
                    for who in members_of(self.state, call) or ("",):
                        yield (flag, who), value

    def by(self, flag: str, value: bool, who: str) -> str:
        """The rule that has just made it so, in words; "" when none has."""
        for call in reversed(self.made):
            so = VERBS[call.verb].sets.get(flag) == value
            if so and (not who or who in members_of(self.state, call)):
                return f"rule “{call.rule}”"
        return ""


def remember(state: MutableConference, calls: Sequence[Call], at: float) -> None:
    """Whose flags these calls change: an older list does not stand against that."""
    for call in calls:
        if any(flag != "recording" for flag in VERBS[call.verb].sets):
            for who in members_of(state, call):
                state.acted[who] = at


def members_of(state: MutableConference, call: Call) -> Sequence[str]:
    """The members whom a call is for, of those who are in."""
    known = state.members
    return tuple(known) if call.members == EVERYBODY else [m for m in call.members if m in known]


def settle(state: MutableConference, event: Event) -> Iterator[str]:
    """A call that ensured something is through, or was given up, which is told."""
    if event.kind not in ("step.done", "action.failed") or RUN not in event.data["run"]:
        return
    call, _, only = str(event.data.get("call", "")).partition("/")
    failed, verb = event.kind == "action.failed", VERBS.get(event.data.get("verb", ""))
    whose, pause = list[str](), 0.0
    for key, known in list(state.ensured.items()):
        who = key.rpartition(".")[2]
        if verb is None or known.call != call or only not in ("", who):
            continue
        for flag, value in verb.sets.items():
            _is_now(state, flag, who, value != failed, known.at, event.at)
        known = known._replace(call="", at=event.at)
        if failed:
            whose.append(who)
            pause = wait(known.undone + 1)
            known = known._replace(undone=known.undone + 1, until=event.at + pause)
        state.ensured[key] = known
    if whose and verb is not None:
        said = f"“{event.data.get('rule', '')}”: {verb.said} failed for {whom_of(whose)}"
        yield f"{said}; trying again in {format_duration(pause)}"


def _is_now(
    state: MutableConference, flag: str, who: str, value: bool, asked_at: float, at: float
) -> None:
    """Unless another call has come behind ours."""
    if not who:
        state.recording = value
        state.awaited = state.awaited or value
    elif state.acted.get(who, 0.0) <= asked_at:
        state.learn(who, {flag: value}, at)
        state.acted[who] = at
