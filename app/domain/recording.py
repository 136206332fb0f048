"""One recording of a conference, as it is kept: where it is, of whom, why, and what was said.

What decisions learn of it is a `RecordingChange`, stored in the commit of its conference.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

PROVISIONAL = "unknown-"
"""How the id of a recording begins that Plivo has not told the id of."""

STATES = ("started", "ready", "missing")

LARGE = frozenset({"transcript", "members"})
"""Fields that lists leave out."""


class UnreadableRecording(ValueError):
    """What is stored is no recording."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording, one record: of one instance of a conference, under one id.

    `id` is Plivo's, or begins with `PROVISIONAL` as long as that is not known. `state` is one of
    `STATES`; ready is final. All times in seconds since the epoch: `heard_at` is when Gavel first
    heard of it, `started_at` and `ended_at` are Plivo's; `duration` in seconds. `members` were in
    the conference while it ran: `id` and number (`from`, "" for an unknown one).
    `transcript_state` is "", "ready" or "failed" (then `transcript_error` says why). `rule` and
    `run` have started it, "" when no rule did; `api_id` is what Plivo's support asks for.
    `archived_to` is where a copy is, since `archived_at`; `archive_error` why the last attempt
    failed.
    """

    id: str
    conference: str = ""
    state: str = "started"
    heard_at: float = 0.0
    uuid: str = ""
    number: int = 0
    started_at: float | None = None
    ended_at: float | None = None
    duration: float | None = None
    format: str = ""
    url: str = ""
    members: Sequence[Mapping[str, str]] = ()
    transcript_state: str = ""
    transcript: str | None = None
    transcript_error: str = ""
    transcript_at: float | None = None
    rule: str = ""
    run: str = ""
    api_id: str = ""
    archived_to: str = ""
    archived_at: float | None = None
    archive_error: str = ""

    @property
    def recording_id(self) -> str:
        """Plivo's id, "" when it is not known."""
        return "" if self.id.startswith(PROVISIONAL) else self.id

    @property
    def at(self) -> float:
        """When it started, as well as that is known."""
        return self.heard_at if self.started_at is None else self.started_at

    def to_json_dict(self) -> dict[str, Any]:
        """Every field, for programs; `transcript` is null also where a list left it out."""
        return asdict(self)

    @classmethod
    def of(cls, id: str, stored: Mapping[str, str | bytes]) -> Self:
        """From its fields as they are stored; those that are not known here are left out. Raises
        UnreadableRecording."""
        try:
            known = {name: json.loads(text) for name, text in stored.items() if name in STORED}
        except (ValueError, RecursionError) as error:
            raise UnreadableRecording(f"recording {id!r} can not be read: {error}") from error
        return cls(id=id, **known)


STORED = frozenset(one.name for one in fields(Recording)) - {"id"}


@dataclass(frozen=True, slots=True)
class RecordingChange:
    """What was learnt of one recording. `known` replaces what is kept, `gaps` is taken only where
    nothing is kept; both under the names of `Recording`. `was`: ids that it was kept under."""

    id: str
    known: Mapping[str, Any] = field(default_factory=dict)
    gaps: Mapping[str, Any] = field(default_factory=dict)
    was: tuple[str, ...] = ()


def stored_fields(fields: Mapping[str, Any]) -> dict[str, str]:
    """As they are stored: each its own JSON text. Raises KeyError for one that there is not."""
    for name in fields:
        if name not in STORED:
            raise KeyError(name)
    return {name: json.dumps(value, ensure_ascii=False) for name, value in fields.items()}


@dataclass(frozen=True, slots=True)
class Sought:
    """An instance of a conference whose recording has not come: Plivo is to be asked for it. Times
    in seconds since the epoch; `asked_at` is when it was first wished. `uuid` may be unknown."""

    conference: str
    number: int
    uuid: str
    started_at: float
    ended_at: float
    asked_at: float

    def to_json(self) -> str:
        """The same text for the same wish."""
        return json.dumps(asdict(self), separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Raises ValueError or TypeError for what is none."""
        return cls(**json.loads(text))
