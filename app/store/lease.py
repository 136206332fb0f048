"""Working one unit: take its lease, commit step by step, give it back.

A unit is a conference, or the webhooks of one. Atomic: each `commit` stores the new state, timers,
outbox and journal and takes the decided events off the inbox, all or nothing, and only for the
holder of the lease (`lua/commit.lua`). A commit whose answer got lost can be sent again: it
is applied once.
"""

import math
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from redis import Redis
from redis.exceptions import RedisError

from app.domain.retention import KEPT, Retention
from app.domain.silence import Silence, read_silences
from app.store.commit import Commit, NotMeantTexts, not_before
from app.store.inbox import Waiting, entries
from app.store.scripts import script
from app.store.server.errors import may_pass
from app.store.timers import Alarm

AGAIN_SECONDS = 30.0  # how long a commit is tried while Redis is away
LEASE_MS = 4000  # whoever dies is replaced after this long; renewed every second
EVENTS_AT_ONCE = 100
JOURNAL_ENTRIES = 1000


Answer = TypeVar("Answer")


class LeaseLost(Exception):
    """Another worker has taken over this unit: drop what you hold of it, it is theirs."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a worker finds when it takes a unit. `suspect`: a turn before this one had events to
    decide and was never committed."""

    name: str
    state: bytes | None
    outbox: bytes | None
    events: Waiting
    suspect: bool


class Lease:
    """One unit held by this worker. Not for two threads at once, except `renew` of `Leases`.

    `ended`: of the instances that the waiting events are of, those that have ended (UUIDs).
    `silences`: the rules that are silenced while these events are decided."""

    def __init__(
        self, leases: "Leases", key: str, token: str, asked: float, answer: Sequence[object]
    ) -> None:
        now, number, state, outbox, name, events, suspect, ended, silences = answer
        self.key = key
        self.taken = Taken(
            name=name.decode() if isinstance(name, bytes) else "",
            state=state if isinstance(state, bytes) else None,
            outbox=outbox if isinstance(outbox, bytes) else None,
            events=entries(events),
            suspect=bool(suspect),
        )
        self.ended = _texts(ended)
        self.silences = _silences(silences)
        self._leases = leases
        self._token = token
        self._number = int(str(number))
        self._clock = Clock(_number(now), asked)

    def now(self) -> float:
        """Redis' time at the earliest it can be: nothing whose time has come by it is early."""
        return self._clock.earliest()

    def latest(self) -> float:
        """Redis' time at the latest it can be, by which to say that something is over, and from
        which to count what must not be too early."""
        return self._clock.latest()

    def keep(self) -> bool:
        """Make sure that this unit is still ours: asks Redis where the lease may have run out by
        now, and says whether it did. Raises LeaseLost or RedisError."""
        if self._leases.holds(self._token):
            return False
        self._leases.renew()
        if not self._leases.holds(self._token, at_all=True):
            raise LeaseLost(self.key)
        return True

    def commit(
        self,
        commit: Commit,
        *,
        release: bool = False,
        wake_at: float | None = None,
        confirmed: bool = False,
    ) -> Waiting | None:
        """Apply one commit; answers the events that wait now.

        With `release` the lease is given back if none waits (the answer is then None), and the
        unit is woken at `wake_at`. `confirmed`: a replica has it before this answers, where that is
        wanted (`DURABILITY`). Raises `LeaseLost`, or RedisError after which the same commit may be
        sent again.
        """
        run = self._leases.run_confirmed if confirmed else self._leases.run_commit
        texts = self._leases.not_meant_texts
        missing = texts.missing(commit.not_meant)
        commit.not_meant = {id: commit.not_meant[id] for id in missing}
        asked = time.monotonic()
        answer = run(
            self.key,
            self._token,
            self._number,
            LEASE_MS,
            EVENTS_AT_ONCE,
            int(release),
            "" if wake_at is None else not_before(wake_at),
            math.ceil(self._leases.keep.journal),
            JOURNAL_ENTRIES,
            commit.to_json(self._leases.keep),
        )
        if answer is None:
            self._leases.forget(self._token)
            raise LeaseLost(self.key)
        texts.stored(missing)
        now, events, held, ended, silences = answer
        self.ended = _texts(ended)
        self.silences = _silences(silences)
        self._number += 1
        self._clock = Clock(_number(now), asked)
        due = [*commit.set_timers.values(), *([] if wake_at is None else [wake_at])]
        if due:
            self._leases.alarm.within(min(due) - self.latest())
        if not held:
            self._leases.forget(self._token)
            return None
        self._leases.extend(self._token, asked)
        return entries(events)

    def begin(self) -> int:
        """Say that the first event is about to be decided, alone; answers how many turns did so
        before and were never committed. Raises LeaseLost or RedisError; may be sent again."""
        times = self._leases.run_begin(self.key, self._token)
        if times is None:
            raise LeaseLost(self.key)
        return int(times)

    def outlive(self, *, leave: bool = False) -> None:
        """This turn ends without a commit, but not with its worker's death. `leave`: another worker
        may have the unit a second later. Raises RedisError."""
        self._leases.run_outlive(self.key, self._token, int(leave))

    def drop(self) -> None:
        """Stop renewing; the lease runs out by itself and another worker goes on."""
        self._leases.forget(self._token)


def patiently(step: Callable[[], Answer]) -> Answer:
    """A step in Redis that may be sent again; Redis being away is waited out for
    `AGAIN_SECONDS`. Raises LeaseLost or RedisError."""
    started = time.monotonic()
    while True:
        try:
            return step()
        except RedisError as error:
            if not may_pass(error) or time.monotonic() - started > AGAIN_SECONDS:
                raise
            time.sleep(0.2)


@dataclass(frozen=True, slots=True)
class _Held:
    """`until`: on our monotonic clock, the earliest that this lease can run out."""

    key: str
    until: float


class Leases:
    """All units that this process holds; `renew` is called about once a second by its clock. `keep`
    is how long what they write is kept, `alarm` is for the clock of this process."""

    def __init__(self, redis: Redis, keep: Retention = KEPT, alarm: Alarm | None = None) -> None:
        self.keep = keep
        self.alarm = alarm or Alarm()
        self._take = script(redis, "take")
        self.run_commit = script(redis, "commit")
        self.run_confirmed = script(redis, "commit", confirmed=True)
        self.run_begin = script(redis, "begin")
        self.run_outlive = script(redis, "outlive")
        self._renew = script(redis, "renew")
        self.not_meant_texts = NotMeantTexts()
        self._held: dict[str, _Held] = {}  # by token
        self._lock = threading.Lock()

    def take(self, key: str) -> Lease | None:
        """The lease of a unit with all that waits there; None when it is being worked already."""
        token = secrets.token_hex(8)
        asked = time.monotonic()
        answer = self._take(key, token, LEASE_MS, EVENTS_AT_ONCE)
        if answer is None:
            self.alarm.within(0.0)  # when that lease runs out, the clock has to look
            return None
        with self._lock:
            self._held[token] = _Held(key, asked + LEASE_MS / 1000)
        return Lease(self, key, token, asked, answer)

    @property
    def any_held(self) -> bool:
        return bool(self._held)

    def renew(self) -> None:
        """Keep every lease that is still ours for another `LEASE_MS`; forget the others."""
        with self._lock:
            held = list(self._held.items())
        if not held:
            return
        asked = time.monotonic()
        kept = self._renew(LEASE_MS, *(part for token, one in held for part in (one.key, token)))
        for (token, _), ours in zip(held, kept, strict=True):
            if ours:
                self.extend(token, asked)
            else:
                self.forget(token)

    def holds(self, token: str, *, at_all: bool = False) -> bool:
        """Is this lease surely still ours? `at_all`: as far as Redis has told us."""
        with self._lock:
            held = self._held.get(token)
        return held is not None and (at_all or time.monotonic() < held.until)

    def extend(self, token: str, asked: float) -> None:
        """Redis has set the lease anew, at `asked` on our monotonic clock or later."""
        with self._lock:
            if held := self._held.get(token):
                until = max(held.until, asked + LEASE_MS / 1000)
                self._held[token] = replace(held, until=until)

    def forget(self, token: str) -> None:
        with self._lock:
            self._held.pop(token, None)


class Clock:
    """Redis' time since a reading, kept with our monotonic clock: one clock for all hosts.

    Redis read its clock at some moment between our asking and its answer, so we know its time
    within an interval only. Which end to take is for the caller: the one that does no harm
    (docs/decisions/0103).
    """

    def __init__(self, read: float, asked: float) -> None:
        """`read` is what Redis said, `asked` our monotonic clock before we asked."""
        self._behind = read - time.monotonic()
        self._ahead = read - asked

    def earliest(self) -> float:
        return self._behind + time.monotonic()

    def latest(self) -> float:
        return self._ahead + time.monotonic()


def _silences(raw: object) -> Sequence[Silence]:
    return read_silences(raw) if isinstance(raw, list) and raw else ()


def _texts(raw: object) -> set[str]:
    return {text.decode("utf-8", "replace") for text in raw} if isinstance(raw, list) else set()


def _number(raw: object) -> float:
    return float(raw) if isinstance(raw, bytes | str | float | int) else 0.0
