"""A turn: one worker's work at one unit, from taking its lease to giving it back.

The same for a conference (`workers.conference.processor`) and for its web lane
(`workers.webhooks.processor`): take in what
came, send what is next, record what became of it, until nothing is left to do now. Each loop is
one commit, which records the last call, stores the decisions and marks the next call, all or
nothing; the call itself goes out between two commits. Only the first call of a turn may precede
its commit, where making it twice ends in the same state (docs/decisions/0003).
"""

import json
import logging
import random
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from redis.exceptions import RedisError

from app.logs import step
from app.store import journal, keys
from app.store.connection import may_pass
from app.store.lease import Lease, Step
from app.store.metrics import observed
from workers.conference.errors import CallError, Expired
from workers.conference.outbox import Entry, Outbox, merged, next_group
from workers.conference.retry import GiveUp, Gone, Repeat, Split, Unknown, retry

log = logging.getLogger("gavel.act")

Waiting = Sequence[tuple[float, bytes]]
KEPT_ASIDE = 1000
AGAIN_SECONDS = 30.0  # how long a commit is tried while Redis is away


@dataclass(slots=True)
class Pending:
    """What the next commit will say."""

    decided: int = 0
    state: str = ""
    ended: bool = False
    live: str = ""
    set_timers: dict[str, float] = field(default_factory=dict)
    cancel_timers: list[str] = field(default_factory=list)
    journal: list[str] = field(default_factory=list)
    send: list[tuple[str, str, str]] = field(default_factory=list)
    counters: Counter[str] = field(default_factory=Counter)
    aside: list[tuple[str, int, str]] = field(default_factory=list)

    def step(self, outbox: str) -> Step:
        return Step(
            decided=self.decided,
            state=self.state,
            ended=self.ended,
            outbox=outbox,
            live=self.live,
            set_timers=self.set_timers,
            cancel_timers=self.cancel_timers,
            journal=self.journal,
            send=self.send,
            counters=self.counters,
            aside=self.aside,
        )


class Turn(ABC):
    """One turn. Subclasses say what coming in means, what may go out, and how."""

    def __init__(self, lease: Lease, name: str, stopping: threading.Event) -> None:
        self.lease = lease
        self.name = name
        self.outbox = Outbox.from_json(lease.taken.outbox)
        self.pending = Pending()
        self._stored = self.outbox
        self._stopping = stopping

    # What a subclass says.

    @abstractmethod
    def take_in(self, waiting: Waiting) -> None:
        """Turn what waits in the inbox into `pending` and calls of the outbox."""

    def pointless(self, entry: Entry) -> str | None:
        """Why nothing is left to do for this call, which is no failure; None when it may go out."""
        return None

    def may_precede_its_record(self, group: Sequence[Entry]) -> bool:
        """May these calls go out before the decision that wanted them is stored, since whoever
        takes over would decide and make them again, to the same end?"""
        return False

    def in_order(self, outbox: Outbox) -> Outbox:
        """The outbox in the order in which to send it."""
        return outbox

    def may_send_at(self, group: Sequence[Entry], now: float) -> float:
        """When this group may go out: `now` or earlier for at once."""
        return now

    @abstractmethod
    def send(self, group: Sequence[Entry]) -> None:
        """Make the call. Raises `CallError`."""

    @abstractmethod
    def done(self, group: Sequence[Entry]) -> None:
        """The call was made."""

    @abstractmethod
    def failed(self, entry: Entry, error: str) -> None:
        """The call was given up, and with it what was left of its run here."""

    # The machinery.

    def run(self) -> None:
        """Work until nothing is left to do now. Raises LeaseLost or RedisError: then drop it."""
        for entry in self.outbox.left_sending():
            self._failed((entry,), CallError.interrupted(), 0.0)
        waiting: Waiting | None = self.lease.taken.events
        acted = bool(self.outbox.entries)
        while waiting is not None:
            if waiting:
                self.take_in(waiting)
            group, wake_at = self._next()
            if not group:
                waiting, acted = self._commit(release=True, wake_at=wake_at), False
                continue
            self.outbox = self.outbox.mark(group, self.lease.now())
            early = not acted and self.may_precede_its_record(group)
            waiting = () if early else self._commit()
            self._act(group)
            acted = True

    def _next(self) -> tuple[tuple[Entry, ...], float | None]:
        """The calls to send now as one, or when to look again (None: when something comes)."""
        now = self.lease.now()
        for entry in self.outbox.entries:
            if pointless := self.pointless(entry):
                self.outbox = self.outbox.without((entry,))
                self._record((entry,), "dropped", now, 0.0, error=pointless)
            elif self._is_over(entry):
                self._give_up(entry, "expired", status="dropped")
        self.outbox = self.in_order(self.outbox)
        group = next_group(self.outbox.entries, now)
        if not group:
            return (), None
        at = max(group[0].not_before, 0.0)
        if self._stopping.is_set():
            return (), max(at, now)  # for another worker, at once
        if at <= now:
            at = self.may_send_at(group, now)
        return (group, None) if at <= now else ((), at)

    def _is_over(self, entry: Entry) -> bool:
        """Is it too late for this call, by the latest that it can be now?"""
        until = entry.call.expires_at
        return until is not None and self.lease.latest() > until

    def check_not_over(self, group: Sequence[Entry]) -> None:
        """The last thing before a call goes out, for much may have come between. Raises Expired."""
        if any(self._is_over(entry) for entry in group):
            raise Expired("expired", kind="permanent", sent="no")

    def _commit(self, *, release: bool = False, wake_at: float | None = None) -> Waiting | None:
        outbox = "" if self.outbox == self._stored else self.outbox.to_json()
        storing = self.pending.step(outbox)
        started = time.monotonic()
        while True:
            try:
                waiting = self.lease.commit(storing, release=release, wake_at=wake_at)
                break
            except RedisError as error:
                if not may_pass(error) or time.monotonic() - started > AGAIN_SECONDS:
                    raise
                time.sleep(0.2)
        self._stored = self.outbox
        self.pending = Pending()
        return waiting

    def _act(self, wanted: Sequence[Entry]) -> None:
        sent = time.monotonic()
        group = tuple(replace(e, sending=False, attempts=e.attempts + 1) for e in wanted)
        begun = self.lease.now()
        try:
            self.send(group)
        except Expired:
            self.outbox = self.outbox.update(wanted)  # as if it had not been chosen
        except CallError as error:
            self._failed(group, error, time.monotonic() - sent)
        except RedisError:
            raise  # not recorded: whoever takes over decides what may be repeated
        except Exception as error:  # a mistake of ours must not hold up the conference for ever
            log.exception("act failed call=%s", group[0].call.id)
            mistake = CallError(f"a mistake of Gavel: {error!r}", kind="permanent", sent="maybe")
            self._failed(group, mistake, time.monotonic() - sent)
        else:
            self.outbox = self.outbox.without(group)
            self._record(group, "done", begun, time.monotonic() - sent)
            self.done(group)

    def _failed(self, group: Sequence[Entry], error: CallError, took: float) -> None:
        """Decide what becomes of calls that failed together."""
        now = self.lease.now()
        latest = self.lease.latest()  # what is counted from here must not come too early
        verdict = retry(merged(group), error, group[0].attempts, latest, random.random())
        match verdict:
            case Repeat(at=at):
                again = [replace(e, sending=False, not_before=at) for e in group]
                self.outbox = self.outbox.update(again)
                self._record(group, "retry", now, took, error=str(error))
            case Split():
                self.outbox = self.outbox.split(group)
                self._record(group, "split", now, took, error=str(error))
            case Gone():
                self.outbox = self.outbox.without(group)
                self._record(group, "gone", now, took, error=str(error))
                self.done(group)
            case Unknown(reason=reason):
                self.outbox = self.outbox.without(group)
                self._record(group, "unknown", now, took, error=reason)
                self.done(group)
            case GiveUp(reason=reason):
                self._record(group, "failed", now, took, error=reason)
                for entry in group:
                    self._give_up(entry, reason)

    def _give_up(self, entry: Entry, reason: str, *, status: str = "") -> None:
        self.outbox = self.outbox.without((entry,))
        if status:
            self._record((entry,), status, self.lease.now(), 0.0, error=reason)
        if entry.call.on_error == "stop":
            self.outbox, dropped = self.outbox.without_run(entry.call.run)
            if dropped:
                because = f"step {entry.call.step + 1} of its rule was given up"
                self._record(dropped, "dropped", self.lease.now(), 0.0, error=because)
        given_up = {"call": entry.call.to_json_dict(), "at": self.lease.now(), "error": reason}
        self.pending.aside.append((keys.GIVEN_UP, KEPT_ASIDE, json.dumps(given_up)))
        self.failed(entry, reason)

    def _record(
        self, group: Sequence[Entry], status: str, at: float, took: float, error: str = ""
    ) -> None:
        """One line in the journal and the log for a call, or for calls that went out as one."""
        call = merged(group)
        fields = {
            "call": call.id,
            "verb": call.verb,
            "members": list(call.members),
            "rule": call.rule,
            "event": call.event,
            "status": status,
            "attempt": group[0].attempts,
        }
        if error:
            fields["error"] = error
        if took:
            fields |= {"ms": round((at - call.at) * 1000, 1), "api_ms": round(took * 1000, 1)}
            self.pending.counters.update(observed(at - call.at))
        self.pending.journal.append(journal.line(self.name, at, "call", **fields))
        self.pending.counters[f'gavel_calls_total{{verb="{call.verb}",status="{status}"}}'] += 1
        step(
            log,
            "act",
            conference=self.name,
            call=call.id,
            verb=call.verb,
            members=",".join(call.members) or None,
            status=status,
            error=error or None,
        )
