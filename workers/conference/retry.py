"""What to do about a call that failed: one pure function from failure to decision.

Retries end with the call's `expires_at`: nobody wants to hear a warning after its moment. Calls
that people hear (speak, play) are only repeated when it is certain that they were not carried out.
"""

from dataclasses import dataclass

from app.domain.call import Call
from workers.conference.errors import CallError
from workers.rules.vocabulary.actions import VERBS

NEWCOMER_SECONDS = 3.0
"""How long after the event that a call answers Plivo's API may not know its member yet."""

NEWCOMER_STEP = 0.3
"""Seconds until a newcomer is tried again; doubles each time."""

FIRST_BACK_OFF = 0.5
LONGEST_BACK_OFF = 15.0
"""Seconds. Full jitter: the delay is evenly spread between nothing and the doubled back-off."""

LONGEST_WEB_BACK_OFF = 600.0
"""The same for webhooks and copies, whose receivers may be away for hours."""

RATE_LIMIT_BACK_OFF = 1.0
"""Seconds to wait first after a 429 without Retry-After; Plivo's window is 5 s
(docs/plivo.md 7.6)."""

DEADLY = 3
"""Attempts of which all ended with the worker's death, after which the call is suspected."""

LONGEST_LIFE = 24 * 3600.0
"""Seconds after its event when a call without `expires_at` is given up."""

_SHORTEST_DELAY = 0.05


@dataclass(frozen=True, slots=True)
class Repeat:
    """Make the call again, not before `at` (seconds since the epoch)."""

    at: float
    reason: str


@dataclass(frozen=True, slots=True)
class Split:
    """Make one call for each member: one of them may be gone, the others are not."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been carried out and must not be twice: record just that."""

    reason: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Record it as failed."""

    reason: str


@dataclass(frozen=True, slots=True)
class Gone(GiveUp):
    """Nothing is left to act upon: who or what it was meant for has left."""


Verdict = Repeat | Split | Unknown | GiveUp


def retry(call: Call, error: CallError, attempts: int, now: float, jitter: float) -> Verdict:
    """What to do after `call` failed with `error`, made for the `attempts`-th time, at `now`.

    `jitter` is a random number in [0, 1).
    """
    attempts = max(attempts, 1)
    if error.kind == "permanent":
        return GiveUp(str(error))
    if error.kind == "gone":
        return _about_the_gone(error, call, attempts, now)
    if error.sent == "maybe" and not VERBS[call.verb].safe:
        return Unknown(str(error))
    at = now + _delay(error, call, attempts, jitter)
    if at >= deadline(call):
        return GiveUp(f"expired after {attempts} attempt{'s' if attempts > 1 else ''}: {error}")
    return Repeat(at, str(error))


def deadline(call: Call) -> float:
    """When the call is no longer worth making, in seconds since the epoch."""
    return call.at + LONGEST_LIFE if call.expires_at is None else call.expires_at


def _about_the_gone(error: CallError, call: Call, attempts: int, now: float) -> Verdict:
    if len(call.members) > 1:
        return Split(str(error))
    at = now + NEWCOMER_STEP * 2.0 ** (min(attempts, 10) - 1)
    if at <= call.at + NEWCOMER_SECONDS and at < deadline(call):
        return Repeat(at, f"perhaps not there yet: {error}")
    return Gone(str(error))


def _delay(error: CallError, call: Call, attempts: int, jitter: float) -> float:
    """Seconds. What the other side asked for is a lower bound; jitter comes on top, so that
    calls that were refused together do not come back together."""
    if error.died and attempts < DEADLY:
        return 0.0  # it has waited for the lease of the dead to run out
    first = RATE_LIMIT_BACK_OFF if error.status == 429 else FIRST_BACK_OFF
    longest = LONGEST_WEB_BACK_OFF if VERBS[call.verb].to_web else LONGEST_BACK_OFF
    back_off = min(longest, first * 2.0 ** (min(attempts, 30) - 1))
    if error.retry_after is not None:
        return error.retry_after + jitter * min(back_off, 1.0)
    return max(_SHORTEST_DELAY, jitter * back_off)
