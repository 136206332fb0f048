"""The inbox of each conference: where an accepted event waits, in order, to be decided.

Atomic: remembering an event's identities, appending it, and waking a worker are one step
(`lua/accept.lua`). An event is either in the inbox and will be decided, or it was refused as a
duplicate and nothing changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from redis import Redis

from app.domain.event import Event
from app.errors import Unusable
from app.metrics.catalogue import ANSWER_UNREADABLE, UNREADABLE
from app.store import keys
from app.store.scripts import script

RECORDING_SECONDS = 30 * 86400
PARKED_SECONDS = 86400

IN_CONFERENCE, NOWHERE = 2, 3
"""Answers of `lua/park.lua`: the conference is known; it is not, and the event may not wait."""

Waiting = Sequence[tuple[float, bytes]]
"""Entries of an inbox: when each was accepted (seconds on Redis' clock), and its JSON."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes an event the same event when it comes again, and for how many seconds; with
    `while_live` also as long as its conference is live."""

    key: str
    seconds: int
    while_live: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """`new` is False for a duplicate; then `event_id` is that of the first one."""

    new: bool
    event_id: str


class Inbox:
    """Accepts events. Every method raises `redis.exceptions.RedisError` when Redis cannot store."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self._accept = script(redis, "accept", confirmed=True)
        self._park = script(redis, "park", confirmed=True)
        self._probe = script(redis, "probe", confirmed=True)

    def accept(self, event: Event, *, identities: Sequence[Identity], audit: str = "") -> Accepted:
        """Store the event for good, once. `event.at` is ignored: Redis' clock dates it. `audit` is
        the entry (JSON) of an event that a person asked for.

        An event without a conference belongs to the one in which its recording was made. Raises
        Unusable when no conference is known to have it, but a transcription is then kept aside
        until the recording's own callback comes (for a day).
        """
        if not event.conference:
            return self._accept_by_recording(event, _recording(event), identities)
        return accepted(self._accept(*accept_arguments(event, identities, audit)))

    def _accept_by_recording(
        self, event: Event, recording: str, identities: Sequence[Identity]
    ) -> Accepted:
        may_wait = event.kind.startswith("transcription.")
        answer, text = self._park(
            keys.recording(recording),
            keys.parked(recording),
            event.id,
            event.to_json(),
            PARKED_SECONDS if may_wait else 0,
            *_unreadable(event),
            *_remember(event, identities),
        )
        if answer == IN_CONFERENCE:
            return self.accept(replace(event, conference=text.decode()), identities=identities)
        if answer == NOWHERE:
            raise Unusable("ConferenceName is missing: it must be the name of the conference")
        return Accepted(bool(answer), text.decode())

    def remember_recording(self, recording_id: str, conference: str) -> None:
        """This recording belongs to that conference."""
        self.redis.set(keys.recording(recording_id), conference, ex=RECORDING_SECONDS)

    def probe(self) -> None:
        """Try what the service does, on keys of its own. Raises RedisError: the reason why
        nothing can be stored now."""
        # Where these are in two slots, this is a Cluster and the client none for it: a script would
        # have Valkey 9.1 refuse everybody's from then on.
        self.redis.exists(*keys.PROBES)
        self._probe()


def accept_arguments(
    event: Event, identities: Sequence[Identity], audit: str = ""
) -> Sequence[str | int]:
    """What `lua/accept.lua` is given for an event of a conference; its answer is for `accepted`."""
    remembered = _recording(event) if event.kind.startswith("recording.") else ""
    while_live = next((one.key for one in identities if one.while_live), "")
    conference, live = keys.conference_key(event.conference), while_live and keys.digest(while_live)
    return (
        conference,
        event.conference,
        event.id,
        event.to_json(),
        keys.recording(remembered) if remembered else "",
        keys.parked(remembered) if remembered else "",
        RECORDING_SECONDS,
        *_unreadable(event),
        live,
        audit,
        *_remember(event, identities),
    )


def accepted(answer: Sequence[Any]) -> Accepted:
    """What the answer of `lua/accept.lua` says."""
    new, event_id = answer
    return Accepted(bool(new), event_id.decode())


def read_event(entry: tuple[float, bytes], name: str) -> Event:
    """An inbox's entry as an event; one that was parked without a name gets the conference's.
    Raises ValueError, TypeError or LookupError for what is none."""
    at, text = entry
    event = Event.from_json(text, at)
    return event if event.conference else replace(event, conference=name)


def entries(raw: object) -> list[tuple[float, bytes]]:
    """What Redis answers of an inbox."""
    return [_entry(row) for row in raw] if isinstance(raw, list) else []


def _entry(row: bytes) -> tuple[float, bytes]:
    """When it was accepted, and its text; what has no time is all text."""
    at, _, text = row.partition(b" ")
    try:
        return float(at), text
    except ValueError:
        return 0.0, row


def _recording(event: Event) -> str:
    recording_id: str = event.data.get("recording_id", "")
    return recording_id


def _unreadable(event: Event) -> tuple[int, str]:
    """How many fields of what was received could not be read, and where that is counted."""
    counted = ANSWER_UNREADABLE if event.kind == "conference.observed" else UNREADABLE
    return len(event.data.get("unreadable", ())), counted.name


def _remember(event: Event, identities: Sequence[Identity]) -> list[str | int]:
    # The event's own id is an identity as well: should the answer of Redis get lost, the client
    # library sends the step again, and it must not count twice.
    pairs: list[str | int] = [keys.seen(event.id), 60]
    for identity in identities:
        pairs += [keys.seen(identity.key), identity.seconds]
    return pairs
