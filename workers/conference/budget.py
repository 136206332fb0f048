"""The account's budget of API calls, shared by all workers through Redis.

Exact: never more than `calls` grants in any window of `seconds`, by Redis' own clock, however many
workers ask; the last `calls` grants are remembered with their times, so it holds for every window
and not only for those that start on the second. All of it is one atomic step:
`app/store/lua/budget.lua`.

Priorities: 0 mute, kick, hang up, record; 1 speak, play; 2 reconcile. Who must wait is registered,
first come first served within its class; a lower class gets no slot that a higher one waits for.
Who does not come back in time loses the place.

When the API fails, all workers stop together: after `TRIP_AFTER` temporary failures in a row one
call a second goes out, until one succeeds; then the budget opens over `SLOW_START` seconds.
"""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from app.store.lease import Lease
from app.store.scripts import script
from app.store.server.errors import may_pass, trouble
from workers.conference.errors import CallError
from workers.conference.pacing import MEASURED, Spending, spacing
from workers.conference.turns import Turns

MARGIN = 0.15
"""The window is kept for `seconds + MARGIN`: what is granted at even distances arrives at Plivo
with the network's jitter, and must not meet there more closely than it left here."""

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

UNANSWERED_FOR = 1.0
"""Seconds since the first of them, at least, if calls among them had no answer at all. Calls that
were begun together time out together, and that alone says nothing of the calls of others: each of
those that is answered begins the row anew."""

DOUBT = 3
"""The same while it is just back: the first successes prove little."""

QUIET = 0.2
"""Share of the window up to which nobody asks how it was filled: it is far from dry."""

MOST_AHEAD = 7
"""Slots that a process gets beside the one it asks for, while the window is quiet and nobody waits
(docs/decisions/0193). One that is not used counts as a call that was made."""

OFTEN = 2
"""Of the calls in `GRANT_SECONDS`, one in so many is got ahead: they are used long before they are
too old."""

RECONCILE = 2
"""The lowest class."""

PROBE_EVERY = 1.0
SLOW_START = 5.0
"""Seconds: between the probes of an API that is down; from its first success to the full rate."""


GRANT_SECONDS = 0.1
"""How long a grant is good for, at most: two thirds of MARGIN. It was given at some moment after
we asked, so its age counts from there (docs/decisions/0071, 0103)."""

MOST_GRANTS = 10
"""How often a grant is asked for on the spot because the one before had become too old: where the
way to Redis always takes longer than `GRANT_SECONDS`, none is ever young enough."""

REDIS_SECONDS = 0.2
"""Until Redis, when it is away, is asked for a slot again."""


@dataclass(frozen=True, slots=True)
class Granted:
    """Make the call now. `until`: on our monotonic clock, when it is too old to be used."""

    spending: Spending
    until: float

    def is_good(self) -> bool:
        return time.monotonic() < self.until


@dataclass(frozen=True, slots=True)
class Wait:
    """Ask again in `seconds`; the place is kept until a second later."""

    seconds: float
    spending: Spending


class Ahead:
    """Slots that came with others', of a process that makes many calls: one ahead for `often` calls
    in `GRANT_SECONDS`, while no more than this share of the window is used. All times on one clock,
    in seconds. Safe for threads."""

    def __init__(self, often: int = OFTEN, share: float = QUIET) -> None:
        self.share = share
        self._often = often
        self._lock = Lock()
        self._good_until: deque[float] = deque()
        self._lately: deque[float] = deque(maxlen=often * MOST_AHEAD)  # when slots were wanted
        self._users: list[str] = []

    def take(self, who: str, now: float) -> float | None:
        """A slot for `who`, good until then; None: ask for one."""
        with self._lock:
            self._lately.append(now)
            while self._good_until:
                until = self._good_until.popleft()
                if now < until:
                    self._users.append(who)
                    return until
            return None

    def wanted(self, now: float) -> int:
        """How many to ask for beside the next one."""
        with self._lock:
            lately = sum(at > now - GRANT_SECONDS for at in self._lately)
            return 0 if self._good_until else lately // self._often

    def add(self, number: int, until: float) -> None:
        with self._lock:
            self._good_until.extend([until] * number)

    def users(self) -> Sequence[str]:
        """Who took slots since this was asked last."""
        with self._lock:
            users, self._users = self._users, []
            return users


class Budget:
    """`calls` in any `seconds`. For all threads. `limit` is their number, `window` the seconds that
    the window is kept for."""

    def __init__(
        self, redis: Redis, calls: int, seconds: float, ahead: Ahead | None = None
    ) -> None:
        self._script = script(redis, "budget")
        self._calls = calls
        self._window = seconds + MARGIN
        self._tell_success = False
        self._spending = Spending(calls, self._window)
        self.limit, self.window = calls, self._window
        self._told_at = 0.0  # monotonic: when `_spending` was told
        self._ahead = ahead or Ahead()

    def spacing(self) -> float:
        """Seconds to leave between two calls of one conference that others could join, by what
        this process was told last (see `workers.conference.pacing`)."""
        told = self._spending
        if not told.returns or time.monotonic() - self._told_at >= MEASURED:
            return 0.0
        return spacing(told)

    def reserve(
        self, priority: int, conference_key: str, *, now: float | None = None
    ) -> Granted | Wait:
        """Ask to make one call of class `priority` for a conference, at once.

        One who waits is known by `conference_key`: asking again keeps the place. `now` in epoch
        seconds is for tests; None: Redis' clock. Raises RedisError."""
        asked = time.monotonic()
        clock = asked if now is None else now
        ahead = priority < RECONCILE
        if ahead and (until := self._ahead.take(conference_key, clock)) is not None:
            return Granted(self._spending, asked + until - clock)
        limits = (LOW_SHARE, _micros(TRICKLE), _micros(LONGEST_WAIT), _micros(GRACE))
        recovery = (_micros(PROBE_EVERY), SLOW_START)
        watched = (_micros(MEASURED), QUIET)
        wanted = self._ahead.wanted(clock) if ahead else 0
        spare: tuple[str | float, ...] = (wanted, self._ahead.share, *self._ahead.users())
        asked_for = (min(max(priority, 0), RECONCILE), conference_key)
        answer = self._run("reserve", now, *asked_for, *limits, *recovery, *watched, *spare)
        granted, micros, tell, *rest = (int(part) for part in answer)
        self._tell_success = bool(tell)
        spending = self._spending_of(*rest)
        self._spending, self._told_at = spending, asked
        if granted:
            self._ahead.add(granted - 1, clock + GRANT_SECONDS)
            return Granted(spending, asked + GRANT_SECONDS)
        return Wait(micros / 1e6, spending)

    def observe(self, error: CallError | None, *, now: float | None = None) -> None:
        """Tell how a granted call ended; None: it was answered. Raises RedisError.

        A refusal that is permanent or "gone" is an answer: the API works. Successes are only
        stored while there are failures to forget, so this is free as long as all goes well."""
        failed = error is not None and error.kind == "temporary"
        if failed or self._tell_success:
            told = error is not None and error.sent != "maybe"
            fuse = (TRIP_AFTER, DOUBT, _micros(PROBE_EVERY), int(told), _micros(UNANSWERED_FOR))
            self._run("observe", now, int(not failed), *fuse)

    def _spending_of(
        self, used: int, recent: int = 0, conferences: int = 0, *leave: int
    ) -> Spending:
        """`leave`: microseconds until parts of the window's calls, of equal size, have left it."""
        parts = max(1, len(leave) - 1)
        returns = tuple((used * part // parts, at / 1e6) for part, at in enumerate(leave))
        return Spending(self._calls, self._window, used, recent, conferences, returns)

    def _run(self, what: str, now: float | None, *rest: str | int | float) -> Any:
        at = "" if now is None else str(_micros(now))
        return self._script(what, at, self._calls, _micros(self._window), *rest)


class Slot:
    """The slot of one unit's next call: asked for when the call is chosen, and good enough still
    when it goes out. Not thread-safe."""

    def __init__(self, budget: Budget, lease: Lease, turns: Turns) -> None:
        self._budget, self._lease, self._turns = budget, lease, turns
        self._grant: Granted | None = None

    def free_at(self, priority: int, now: float) -> float:
        """When a call of that class may go out: `now` for at once, the slot is held then. Raises
        RedisError, but not where Redis may be back soon: what became of the last call must be
        stored first."""
        try:
            answer = self._budget.reserve(priority, self._lease.key)
        except RedisError as error:
            if not may_pass(error):
                raise
            return now + REDIS_SECONDS
        if isinstance(answer, Wait):
            return self._lease.latest() + answer.seconds
        self._grant = answer
        return now

    def make_sure(self) -> None:
        """Storing that the call goes out can take long. The slot was for another moment then, and
        in Plivo's window this call could be one too many: ask for another one, and keep the lease.
        Raises CallError, nothing was sent then, and LeaseLost."""
        asked = 0
        while True:
            try:
                if asked < MOST_GRANTS and not (self._grant and self._grant.is_good()):
                    asked += self._ask_again()
                elif not self._lease.keep():
                    break
            except RedisError as error:
                raise CallError(trouble(error).sentence, kind="temporary", sent="no") from error
        self._grant = None

    def _ask_again(self) -> bool:
        """A slot on the spot, or the pause until one is free. Says whether it was granted."""
        answer = self._budget.reserve(0, self._lease.key)
        if isinstance(answer, Wait):
            with self._turns.lent():
                time.sleep(answer.seconds)
            return False
        self._grant = answer
        return True


def _micros(seconds: float) -> int:
    return round(seconds * 1_000_000)
