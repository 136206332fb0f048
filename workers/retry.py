"""What to do about a call that failed: one pure function from failure to decision.

Retries end with the call's `expires_at`: nobody wants to hear a warning after its moment. Calls
that people hear (speak, play) are only repeated when it is certain that they were not carried out.
"""

from dataclasses import dataclass, replace

from workers.failures import CallError
from workers.rules.calls import VERBS, Call

NEWCOMER_SECONDS = 3.0
"""How long after a member's entry Plivo's API may not know them yet."""

NEWCOMER_STEP = 0.3
"""Seconds until a newcomer is tried again; doubles each time."""

FIRST_BACK_OFF = 0.5
LONGEST_BACK_OFF = 15.0
"""Seconds. Full jitter: the delay is evenly spread between nothing and the doubled back-off."""

LONGEST_WEB_BACK_OFF = 600.0
"""The same for webhooks, whose receivers may be away for hours."""

RATE_LIMIT_BACK_OFF = 1.0
"""Seconds to wait first after a 429 without Retry-After; Plivo's window is 5 s (contract 7.6)."""

LONGEST_LIFE = 24 * 3600.0
"""Seconds after its event when a call without `expires_at` is given up."""

_SHORTEST_DELAY = 0.05


@dataclass(frozen=True, slots=True)
class Retry:
    """Make the call again, not before `at` (seconds since the epoch)."""

    at: float
    reason: str


@dataclass(frozen=True, slots=True)
class Split:
    """Make these calls in its place: one of several members may be gone, the others are not."""

    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Gone:
    """Nothing is left to act upon; the call is finished."""

    reason: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Record it as failed. `unknown`: it may have been carried out all the same."""

    reason: str
    unknown: bool = False


Verdict = Retry | Split | Gone | GiveUp


def judge(
    error: CallError,
    call: Call,
    attempt: int,
    now: float,
    jitter: float,
    entered_at: float | None = None,
) -> Verdict:
    """What to do after `call` failed with `error` for the `attempt`-th time (from 1) at `now`.

    `jitter` is a random number in [0, 1). `entered_at` is when the call's member came in, or when
    its conference began; None: the time of the call's event is taken for it.
    """
    if error.kind == "permanent":
        return GiveUp(str(error))
    if error.kind == "gone":
        return _about_the_gone(error, call, attempt, now, entered_at)
    if _may_have_been_heard(error, call):
        return GiveUp(f"outcome unknown, not repeated: {error}", unknown=True)
    at = now + _delay(error, call, attempt, jitter)
    if at >= deadline(call):
        return GiveUp(f"expired after {attempt} attempt{'s' if attempt > 1 else ''}: {error}")
    return Retry(at, str(error))


def deadline(call: Call) -> float:
    """When the call is no longer worth making, in seconds since the epoch."""
    return call.at + LONGEST_LIFE if call.expires_at is None else call.expires_at


def _about_the_gone(
    error: CallError, call: Call, attempt: int, now: float, entered_at: float | None
) -> Verdict:
    if len(call.members) > 1:
        return Split(tuple(_single(call, member) for member in call.members))
    at = now + NEWCOMER_STEP * 2.0 ** (min(attempt, 10) - 1)
    entered = call.at if entered_at is None else entered_at
    if at <= entered + NEWCOMER_SECONDS and at < deadline(call):
        return Retry(at, f"perhaps not there yet: {error}")
    return Gone(str(error))


def _single(call: Call, member: str) -> Call:
    return replace(call, id=f"{call.id}.m{member}", members=(member,))


def _may_have_been_heard(error: CallError, call: Call) -> bool:
    return error.sent == "maybe" and not VERBS[call.verb].safe


def _delay(error: CallError, call: Call, attempt: int, jitter: float) -> float:
    """Seconds. What the other side asked for is a lower bound; jitter comes on top, so that
    calls that were refused together do not come back together."""
    first = RATE_LIMIT_BACK_OFF if error.status == 429 else FIRST_BACK_OFF
    longest = LONGEST_WEB_BACK_OFF if call.verb == "webhook" else LONGEST_BACK_OFF
    back_off = min(longest, first * 2.0 ** (min(attempt, 30) - 1))
    if error.retry_after is not None:
        return error.retry_after + jitter * min(back_off, 1.0)
    return max(_SHORTEST_DELAY, jitter * back_off)
