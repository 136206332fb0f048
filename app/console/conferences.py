"""Conferences: the live and the ended, by name, number, id or time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Response
from redis import Redis

from app.console.access.guard import may_now
from app.console.exports import exported
from app.console.texts import moment, shown
from app.domain.moments import moment_of
from app.operators.reading import Listed, conferences

SHOWN = 50
STATES = {"": None, "live": True, "ended": False}


@dataclass(frozen=True, slots=True)
class Sought:
    """What the form says; times as it writes them, in UTC."""

    q: str
    state: str
    since: str
    until: str

    @property
    def asked(self) -> Mapping[str, str]:
        """The fields of the form that say something, for links."""
        fields = {"q": self.q, "state": self.state, "from": self.since, "to": self.until}
        return {name: value for name, value in fields.items() if value}


@dataclass(frozen=True, slots=True)
class Found:
    """`following` is where to look further, "" at the end."""

    sought: Sought
    rows: Sequence[Listed]
    following: str


def sought(fields: Mapping[str, str]) -> Sought:
    """What a form asks for."""
    state = fields.get("state", "")
    return Sought(
        fields.get("q", "").strip(),
        state if state in STATES else "",
        fields.get("from", ""),
        fields.get("to", ""),
    )


def find(redis: Redis, wanted: Sought, cursor: str) -> Found:
    """Those that were last heard of last come first. Raises Unusable and RedisError."""
    rows, following = conferences(
        redis,
        live=STATES[wanted.state],
        containing=wanted.q,
        mentioned=True,
        numbers=may_now("operator"),
        since=moment_of(wanted.since, "from", 0.0),
        until=moment_of(wanted.until, "to", float("inf")),
        cursor=cursor,
        limit=SHOWN,
    )
    return Found(wanted, rows, following)


COLUMNS = ("name", "key", "live", "at", "members")


def as_file(form: str, rows: Sequence[Listed]) -> Response:
    """The rows of a page as a file; times in ISO 8601. Raises Unusable."""
    told = (
        {
            "name": shown(one.name),
            "key": one.key,
            "live": one.live,
            "at": moment(one.at),
            "members": len(one.state.members) if one.live and one.state else 0,
        }
        for one in rows
    )
    return exported(form, "conferences", COLUMNS, told)
