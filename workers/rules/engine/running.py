"""A rule that runs, and what a step of it comes to: values."""

from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import Any, NamedTuple

from app.domain.call import Call
from app.domain.event import Event
from workers.rules.engine.occurrence import Occurrence
from workers.rules.vocabulary.model import Fields, Rule, Step
from workers.rules.vocabulary.vars import NO_VARS, Var

LONGEST_LINE = 160

BY_RESPONSE = " (by the response)"
"""In the place of values that come out of a webhook's answer."""


class Running(NamedTuple):
    """A rule that runs: what it was held against and what its steps can see. `now` tells what is
    late; `triggered` counts what its steps triggered in this stretch; `told` is why the rule is not
    run as the file says, "" where it is. `recording`: whether one runs after its steps so far, None
    where they said nothing of it. `vars` are those of the file, `zone` is its time zone;
    `lead` is a line before those of its steps."""

    id: str
    rule: Rule
    what: Occurrence
    fields: Fields
    now: float
    triggered: int = 0
    told: str = ""
    recording: bool | None = None
    vars: Mapping[str, Var] = NO_VARS
    zone: tzinfo = UTC
    lead: str = ""


class Done(NamedTuple):
    """The step was taken: a line for people, and what it wants. `extend` is in seconds, `sets` are
    values of `vars`, `brings` are names that the steps after it see."""

    line: str
    calls: tuple[Call, ...] = ()
    events: tuple[Event, ...] = ()
    notes: tuple[str, ...] = ()
    extend: float = 0.0
    sets: Mapping[str, Any] | None = None
    brings: Mapping[str, Any] | None = None


class NotNeeded(NamedTuple):
    """There is nobody and nothing to do it for; the run goes on."""

    line: str


class NotDone(NamedTuple):
    """The step could not be taken, or not any more (`late`)."""

    line: str
    reason: str
    late: bool = False


class Waits(NamedTuple):
    """The run goes on `seconds` later."""

    line: str
    seconds: float


class Awaits(NamedTuple):
    """The run goes on when something comes, or `seconds` later (None: never) elsewhere."""

    line: str
    seconds: float | None


class Goes(NamedTuple):
    """The run goes on at another place at once."""

    line: str
    to: int


Result = Done | NotNeeded | NotDone | Waits | Awaits | Goes


def not_done(step: Step, reason: str, *, late: bool = False) -> NotDone:
    """The step could not be taken, with its line."""
    return NotDone(f"{step.action}: {reason}", reason, late)


def short(line: str) -> str:
    """A line that is not too long for people."""
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"
