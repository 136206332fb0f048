"""`Silence`: rules that a person has told to do nothing, or to run otherwise, for a while."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC
from functools import lru_cache
from typing import Self

from app.domain.moments import written

MODES = ("off", "dry_run", "real")
"""What a rule does in that time: nothing; everything but its calls; its calls, too, although the
file says `dry_run`."""
_SAID = {"off": "silenced", "dry_run": "made a dry run", "real": "made real"}


@dataclass(frozen=True, slots=True)
class Silence:
    """A rule, by its name, does nothing in a conference, by its name, `until` then; or runs as
    `mode` says. An empty `rule` is every rule, an empty `conference` everywhere. Times are in
    seconds since the epoch."""

    id: str
    rule: str
    conference: str
    until: float
    reason: str
    who: str
    how: str
    made_at: float
    mode: str = "off"

    def covers(self, rule: str, conference: str, at: float) -> bool:
        """Whether that rule is silenced there for what happened then. What happened before it was
        made and was not decided yet is covered as well."""
        return at < self.until and self.rule in ("", rule) and self.conference in ("", conference)

    @property
    def said(self) -> str:
        """Why a rule does not do what the file says."""
        until = written(self.until, UTC)
        return f"{_SAID.get(self.mode, self.mode)} by {self.who} until {until}: {self.reason}"

    def to_json(self) -> str:
        """The stored form; readable by versions without `mode` as far as they can do it."""
        told = asdict(self)
        if self.mode == "off":
            del told["mode"]
        return json.dumps(told, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The reverse of `to_json`. Raises ValueError or TypeError."""
        return cls(**json.loads(text))


def of_every_rule(found: Iterable[Silence], conference: str, now: float) -> Silence | None:
    """The one of these that has every rule do nothing now, in a conference by its name or, where
    that is "", everywhere; of several the one that lasts longest."""
    holding = (
        one
        for one in found
        if one.mode == "off" and not one.rule and one.conference == conference and one.until > now
    )
    return max(holding, key=lambda one: one.until, default=None)


def read_silences(rows: Iterable[str | bytes]) -> Sequence[Silence]:
    """Those of the stored ones that can be read, in the order in which they were made."""
    return _read(tuple(rows))


@lru_cache(maxsize=8)
def _read(rows: tuple[str | bytes, ...]) -> tuple[Silence, ...]:
    """Remembered, for they come with every turn of a conference and change rarely."""
    found = []
    for row in rows:
        try:
            found.append(Silence.from_json(row))
        except (ValueError, TypeError):  # a newer version wrote it
            continue
    return tuple(sorted(found, key=lambda one: (one.made_at, one.id)))
