"""What one commit of a unit changes, lines of the journal included: as it is written down and as
`lua/commit.lua` reads it."""

import math
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.domain.recording import RecordingChange, Sought, stored_fields
from app.domain.retention import Retention
from app.json_text import encode
from app.store import keys

NOT_MEANT_AGAIN = 600.0
"""So often, in seconds, words that are in use are stored anew: they must outlive the journals."""

_REMEMBERED = 4096

ENDED_SECONDS = 7 * 86400  # a replayed callback of an ended conference is known for this long


@dataclass(slots=True)
class Commit:
    """What one commit changes; what is not set stays as it was. Times in seconds since the epoch.

    `decided`: how many events to take off the inbox. `ended`: the state is kept for
    `ENDED_SECONDS` only. `outbox`: its stored form, "-" for an empty one. `live`: when the
    conference started, 0: it is over. `instances`: UUIDs, and whether they have ended, which is
    known for `ENDED_SECONDS`. `look`: when Plivo shall be asked about the conference. `not_meant`:
    words that its journal entries name (`app.store.journal`), by their ids. `members`: how many the
    conference has. `exemplars`: an event by the bucket that it was counted in, with its seconds.
    `recordings`: what was learnt of recordings, in order; `sought`: those to ask Plivo for.
    """

    decided: int = 0
    state: str | None = None
    ended: bool = False
    outbox: str | None = None
    live: float | None = None
    instances: dict[str, bool] = field(default_factory=dict)
    members: int | None = None
    look: float | None = None
    set_timers: dict[str, float] = field(default_factory=dict)
    cancel_timers: list[str] = field(default_factory=list)
    journal: list[str] = field(default_factory=list)
    counters: Counter[str] = field(default_factory=Counter)
    exemplars: dict[str, str] = field(default_factory=dict)
    send: list[tuple[str, str, str]] = field(default_factory=list)
    for_people: list[tuple[str, int, str]] = field(default_factory=list)
    not_meant: dict[str, str] = field(default_factory=dict)
    recordings: list[RecordingChange] = field(default_factory=list)
    sought: list[Sought] = field(default_factory=list)

    def move_timers(self, before: Mapping[str, float], after: Mapping[str, float]) -> None:
        """From these timers (id -> due) to those: set what is new or moved, cancel what is gone."""
        for timer, due in after.items():
            if before.get(timer) != due:
                self.set_timers[timer] = due
        for timer in before.keys() - after.keys():
            self.set_timers.pop(timer, None)
            self.cancel_timers.append(timer)

    def send_to(self, unit: str, name: str, text: str) -> None:
        """Put an entry (JSON) into the inbox of a unit of the conference of that name."""
        self.send.append((unit, name, text))

    def keep_for_people(self, key: str, most: int, row: str) -> None:
        """Append a row (JSON) to a list that keeps the newest `most`."""
        self.for_people.append((key, most, row))

    def to_json(self, keep: Retention) -> str:
        """As `lua/commit.lua` reads it."""
        changes: dict[str, Any] = {
            "decided": self.decided,
            "state": self.state,
            "keep": ENDED_SECONDS if self.ended else None,
            "outbox": self.outbox,
            "instances": {u: ENDED_SECONDS * over for u, over in self.instances.items()},
            "look": self.look,
            "set_timers": {id: not_before(due) for id, due in self.set_timers.items()},
            "cancel_timers": self.cancel_timers,
            "journal": self.journal,
            "counters": self.counters,
            "exemplars": self.exemplars,
            "send": self.send,
            "for_people": self.for_people,
            "not_meant": self.not_meant,
            "recordings": [_recording(change, keep) for change in self.recordings],
            "sought": [one.to_json() for one in self.sought],
        }
        if self.members is not None:
            changes["members"] = str(self.members)
        if self.live is not None:
            changes["live"] = f"{self.live:.3f}" if self.live else "-"
        said = {name: change for name, change in changes.items() if change}
        return encode(said)


def _recording(change: RecordingChange, keep: Retention) -> dict[str, Any]:
    """Places are by their start: that of Plivo where it is known, else of when it was heard of."""
    known = stored_fields(change.known)
    text = known.pop("transcript", "")
    for_so_long = math.ceil(keep.transcripts)
    said = {
        "id": change.id,
        "key": keys.recorded(change.id),
        "known": known,
        "gaps": stored_fields(change.gaps),
        "transcript": [keys.transcript(change.id), text, for_so_long] if text else [],
        "was": [[id, keys.recorded(id)] for id in change.was],
        "keep": math.ceil(keep.recordings),
    }
    return {name: value for name, value in said.items() if value}


def not_before(at: float) -> str:
    """Whole microseconds, as Redis' clock has them, rounded up."""
    micros = math.ceil(at * 1e6)
    return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"


def journal_line(conference: str, at: float, kind: str, **fields: Any) -> str:
    """One entry of the journal (`app.store.journal`) as it is stored."""
    entry = {"at": round(at, 4), "conference": conference, "kind": kind, **fields}
    return encode(entry)


class NotMeantTexts:
    """Which words on rules that were not meant this process stored lately. A commit takes along
    those it needs that are not among them. Threads may do so twice, which is harmless."""

    def __init__(self) -> None:
        self._stored: dict[str, float] = {}

    def missing(self, ids: Iterable[str]) -> list[str]:
        """Those to store with the next commit."""
        since = time.monotonic() - NOT_MEANT_AGAIN
        return [id for id in ids if self._stored.get(id, since) <= since]

    def stored(self, ids: Iterable[str]) -> None:
        """A commit took them along."""
        if len(self._stored) >= _REMEMBERED:
            self._stored.clear()
        self._stored.update(dict.fromkeys(ids, time.monotonic()))
