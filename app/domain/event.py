"""What can have happened, and of whom: `Event`, the one value that travels from acceptance to
decision, and which texts can be the conference and the member that it names.

An event is a verified, accepted fact about one conference, named in the past tense. It is made
from a callback, a trigger, a due timer, a look at Plivo's own list, or the outcome of a call.

Plivo says nothing of a conference name's characters (docs/plivo.md 11.22). Anything that can
be said in a URL, in XML and in one line is taken, `/` and emoji included. What would become another
address when a client shortens the path, or can not be written in the answer XML, is refused.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from app.errors import Unusable
from app.json_text import decode, encode

LONGEST_NAME = 512
"""Characters. A longer name is answered 400: nobody reads it, and URLs end somewhere."""

_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_MEMBER_ID = re.compile(r"[0-9]{1,20}")


def new_id() -> str:
    """A fresh event id, `evt-` and 16 hex digits."""
    return "evt-" + secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class OthersLive:
    """The other conferences that were live in the account as one of them decided: how many, and
    the names of at most `MOST_NAMED`, those that began last (None: not known any more). A snapshot:
    what another conference has just decided may not be in it."""

    others: tuple[str, ...] | None = ()
    count: int = 0

    def to_json_dict(self) -> dict[str, Any]:
        """As the journal keeps it: the names only where they are few."""
        few = self.others is not None and self.count <= MOST_KEPT
        return {"count": self.count, **({"others": self.others} if few else {})}

    @classmethod
    def of(cls, stored: object) -> Self | None:
        """The reverse; None for what is none."""
        if not isinstance(stored, Mapping):
            return None
        names, count = stored.get("others"), stored.get("count")
        if isinstance(names, list | tuple):
            return cls(tuple(map(str, names)), len(names))
        return cls(None, count) if isinstance(count, int) else None


MOST_NAMED = 1000
MOST_KEPT = 20
"""So many names the journal keeps with an event."""


@dataclass(frozen=True, slots=True)
class Event:
    """One accepted fact.

    `at` is in seconds since the epoch on Redis' clock: when it was accepted, for a timer when it
    was due. `uuid` is Plivo's ConferenceUUID, empty when the source did not say. `data` holds the
    fields of its kind, already typed (`workers/rules/vocabulary` has the kinds). `trace` is the
    `traceparent` of its acceptance, "" where traces are off. `account` is what else is live as it
    is decided, None unless some rule asks about that.
    """

    id: str
    kind: str
    conference: str
    at: float
    uuid: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    trace: str = ""
    account: OthersLive | None = None

    def to_json(self) -> str:
        """The stored form; `at` is left out, the inbox puts it in front when it accepts."""
        return encode(
            {
                "id": self.id,
                "kind": self.kind,
                "conference": self.conference,
                "uuid": self.uuid,
                "data": self.data,
                **({"trace": self.trace} if self.trace else {}),
            }
        )

    def for_journal(self) -> dict[str, Any]:
        """As its line in the journal tells of it; what another system answered is not kept."""
        data = self.data
        if isinstance(answer := data.get("response"), Mapping):
            data = {**data, "response": {k: v for k, v in answer.items() if k != "json"}}
        account = {} if self.account is None else {"account": self.account.to_json_dict()}
        return {"id": self.id, "kind": self.kind, "uuid": self.uuid, "data": data, **account}

    @classmethod
    def from_json(cls, text: str | bytes, at: float) -> Self:
        """Raises ValueError, TypeError or LookupError for what is no event."""
        stored = decode(text)
        texts = [stored[name] for name in ("id", "kind", "conference", "uuid")]
        if not (all(isinstance(one, str) for one in texts) and isinstance(stored["data"], dict)):
            raise TypeError("it is no event")
        id, kind, conference, uuid = texts
        return cls(id, kind, conference, at, uuid, stored["data"], str(stored.get("trace", "")))


def checked_name(name: str, field: str) -> str:
    """The name as it is. Raises Unusable, which says `field`, when it can not be one."""
    if not name or name.isspace():
        raise Unusable(f"{field} is missing: it must be the name of the conference")
    if name in {".", ".."}:
        raise Unusable(f"{field} can not be {name!r}: it would become another address")
    if len(name) > LONGEST_NAME:
        raise Unusable(f"{field} has {len(name)} characters: at most {LONGEST_NAME} can be used")
    if not (name.isascii() and name.isprintable()) and _FORBIDDEN.search(name):
        raise Unusable(f"{field} holds a control character")
    return name


def unusable_name(name: str) -> str:
    """Why a conference can not have this name, "" when it can."""
    try:
        checked_name(name, "conference")
    except Unusable as error:
        return str(error)
    return ""


def checked_member(member_id: str, field: str) -> str:
    """The id as it is. Only decimal digits (docs/plivo.md 7.4): `all` or `1,2` as an id would
    make one member's rule act on others."""
    if not _MEMBER_ID.fullmatch(member_id):
        raise Unusable(f"{field} must be a number of at most 20 digits")
    return member_id
