"""What can have happened: `Event`, the one value that travels from acceptance to decision.

An event is a verified, accepted fact about one conference, named in the past tense. It is made
from a callback, a trigger, a due timer, a look at Plivo's own list, or the outcome of a call.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


def new_id() -> str:
    """A fresh event id, `evt-` and 16 hex digits."""
    return "evt-" + secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class Event:
    """One accepted fact.

    `at` is in seconds since the epoch on Redis' clock: when it was accepted, for a timer when it
    was due. `uuid` is Plivo's ConferenceUUID, empty when the source did not say. `data` holds the
    fields of its kind, already typed (`workers/rules/vocabulary` has the kinds).
    """

    id: str
    kind: str
    conference: str
    at: float
    uuid: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """The stored form; `at` is left out, the inbox puts it in front when it accepts."""
        return json.dumps(
            {
                "id": self.id,
                "kind": self.kind,
                "conference": self.conference,
                "uuid": self.uuid,
                "data": self.data,
            },
            separators=(",", ":"),
            ensure_ascii=False,
        )

    def for_journal(self) -> dict[str, Any]:
        """As its line in the journal tells of it."""
        return {"id": self.id, "kind": self.kind, "uuid": self.uuid, "data": self.data}

    @classmethod
    def from_json(cls, text: str | bytes, at: float) -> Self:
        """Raises ValueError, TypeError or LookupError for what is no event."""
        stored = json.loads(text)
        texts = [stored[name] for name in ("id", "kind", "conference", "uuid")]
        if not (all(isinstance(one, str) for one in texts) and isinstance(stored["data"], dict)):
            raise TypeError("it is no event")
        id, kind, conference, uuid = texts
        return cls(id, kind, conference, at, uuid, stored["data"])
