"""The account's budget of API calls, shared by all workers through Redis.

Exact: never more than `calls` grants in any window of `seconds`, by Redis' own clock, however many
workers ask; the last `calls` grants are remembered with their times, so it holds for every window
and not only for those that start on the second. All of it is one atomic step, `lua/budget.lua`.

Priorities: 0 mute, kick, hang up, record; 1 speak, play; 2 reconcile. Who must wait is registered,
first come first served within its class; a lower class gets no slot that a higher one waits for.
Who does not come back in time loses the place.

When the API fails, all workers stop together: after `TRIP_AFTER` temporary failures in a row one
call a second goes out, until one succeeds; then the budget opens over `SLOW_START` seconds.
"""

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from redis import Redis

from workers.conference.errors import CallError

STRETCH, MARGIN = 1.02, 0.15
"""The window is kept for `seconds * STRETCH + MARGIN`: what is granted at even distances arrives
at Plivo with the network's jitter, and must not meet there more closely than it left here."""

LOW_SHARE = 0.8
"""What of the window class 2 may fill: the last 20 % are for calls that rules want."""

TRICKLE = 1.0
"""Seconds: class 2 gets a call this often whatever the others want, or it would know nothing for
as long as they are busy. This alone passes the queue and `LOW_SHARE`; the budget it keeps."""

LONGEST_WAIT = 2.0
"""Seconds until one who waits is asked to come again at the latest: who is ahead may give up."""

GRACE = 1.0
"""Seconds that a place is kept for one who is late; slots wait unused for them as long."""

TRIP_AFTER = 10
"""Temporary failures in a row, of all workers, after which the API counts as down."""

DOUBT = 3
"""The same while it is just back: the first successes prove little."""

PROBE_EVERY = 1.0
SLOW_START = 5.0
"""Seconds: between the probes of an API that is down; from its first success to the full rate."""


@dataclass(frozen=True, slots=True)
class Granted:
    """Make the call now. `pace`: how full the window is, 0 to 1; merge calls when it is high."""

    pace: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Ask again in `seconds`; the place is kept until a second later. `pace` as in Granted."""

    seconds: float
    pace: float


class Budget:
    """`calls` in any `seconds`. For all threads."""

    def __init__(self, redis: Redis, calls: int, seconds: float) -> None:
        source = files(__package__).joinpath("lua/budget.lua").read_text(encoding="utf-8")
        self._script: Any = redis.register_script(source)
        self._calls = calls
        self._window = _micros(seconds * STRETCH + MARGIN)
        self._tell_success = False

    def reserve(
        self, priority: int, conference_key: str, *, now: float | None = None
    ) -> Granted | Wait:
        """Ask to make one call of class `priority` for a conference, at once.

        One who waits is known by `conference_key`: asking again keeps the place. `now` in epoch
        seconds is for tests; None: Redis' clock. Raises RedisError."""
        limits = (LOW_SHARE, _micros(TRICKLE), _micros(LONGEST_WAIT), _micros(GRACE))
        recovery = (_micros(PROBE_EVERY), SLOW_START)
        answer = self._run(
            "reserve", now, min(max(priority, 0), 2), conference_key, *limits, *recovery
        )
        granted, micros, used, tell = (int(part) for part in answer)
        self._tell_success = bool(tell)
        pace = min(1.0, used / self._calls)
        return Granted(pace) if granted else Wait(micros / 1e6, pace)

    def observe(self, error: CallError | None, *, now: float | None = None) -> None:
        """Tell how a granted call ended; None: it was answered. Raises RedisError.

        A refusal that is permanent or "gone" is an answer: the API works. Successes are only
        stored while there are failures to forget, so this is free as long as all goes well."""
        failed = error is not None and error.kind == "temporary"
        if failed or self._tell_success:
            self._run("observe", now, int(not failed), TRIP_AFTER, DOUBT, _micros(PROBE_EVERY))

    def _run(self, what: str, now: float | None, *rest: str | int | float) -> Any:
        at = "" if now is None else str(_micros(now))
        return self._script(args=[what, at, self._calls, self._window, *rest])


def _micros(seconds: float) -> int:
    return round(seconds * 1_000_000)
