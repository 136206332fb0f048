"""How callers join: the entries of `conferences:` as values, and how a caller is held against them.

The workers read them from the rules file, the receiver from Redis; both ask the same functions. A
field that is absent is no answer: an entry that asks for it is not that caller's.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from app.callers.opening import Hours
from app.callers.phones import plain_phone, spellings
from app.domain.facts import FACTS
from app.domain.globs import any_matches
from app.domain.redaction import mask_phone
from app.domain.suggest import quoted

Caller = Mapping[str, str]
"""What the request for an answer tells, by its names in `match`: `member.from`,
`header.x-ph-room` (in small letters), `query.role`, and `conference.member_count`. What is absent
or empty is left out."""

TOLD = ("from", "to", "caller_name", "direction")
"""The facts of a member that are known before it is one."""
PHONES = frozenset(f"member.{name}" for name in TOLD if FACTS[name].type == "phone")
COUNT = "conference.member_count"
"""How many are in the conference now."""
PROVED = "member.role"
"""The role that a caller has proved by a PIN; nobody has one before."""
ROLE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
"""What can be a role."""


@dataclass(frozen=True, slots=True)
class CallerCheck:
    """One thing that must hold of the caller: the value of `name` is one of `texts` or matches one
    of `globs`; `negated`: it does not. Numbers stand as `plain_phone` has them. With `bounds` it
    is a whole number from the first to the second (None: no end) of them. `said` is how it was
    written."""

    name: str
    texts: tuple[str, ...] = ()
    globs: tuple[str, ...] = ()
    negated: bool = False
    said: str = ""
    bounds: tuple[int | None, int | None] | None = None

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Self:
        return cls(
            found["name"],
            tuple(found.get("texts", ())),
            tuple(found.get("globs", ())),
            bool(found.get("negated", False)),
            str(found.get("said", "")),
            tuple(found["bounds"]) if "bounds" in found else None,
        )

    def to_json(self) -> dict[str, Any]:
        found = {
            "name": self.name,
            "texts": list(self.texts),
            "globs": list(self.globs),
            "negated": self.negated,
            "said": self.said,
            "bounds": self.bounds and list(self.bounds),
        }
        return {key: value for key, value in found.items() if value}

    def holds(self, value: str) -> bool:
        """Whether this value is meant."""
        if self.bounds is not None:
            low, high = self.bounds
            number = int(value)
            return (low is None or number >= low) and (high is None or number <= high)
        phone = self.name in PHONES
        plain = plain_phone(value) if phone else value
        ways = spellings(value) if phone else (value,)
        found = plain in self.texts or any(any_matches(self.globs, way) for way in ways)
        return found is not self.negated

    def refuses(self, caller: Caller) -> str | None:
        """None when it holds, else why not."""
        value = caller.get(self.name)
        if value is None:
            return f"{self.name} is absent"
        if self.holds(value):
            return None
        shown = mask_phone(value) if self.name in PHONES else quoted(value)
        wanted = ("wanted " if self.negated else "not ") + self.said
        return f"{self.name} is {shown}, {wanted}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of `conferences`: its globs of conferences (none: all), what must hold of the
    caller, when it holds (None: always), and what it gives, by the names of the rules file."""

    conference: tuple[str, ...] = ()
    checks: tuple[CallerCheck, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    hours: Hours | None = None
    line: int = 0

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Self:
        """As `to_json` writes it. Raises LookupError or TypeError for anything else."""
        options = dict(found)
        globs = options.pop("conference", ())
        return cls(
            conference=(globs,) if isinstance(globs, str) else tuple(globs),
            checks=tuple(CallerCheck.from_json(one) for one in options.pop("caller", ())),
            hours=Hours.from_json(options.pop("schedule")) if "schedule" in options else None,
            options=options,
        )

    def to_json(self) -> dict[str, Any]:
        """For Redis."""
        written = {key: list(v) if isinstance(v, tuple) else v for key, v in self.options.items()}
        found: dict[str, Any] = {"conference": list(self.conference), **written}
        if self.checks:
            found |= {"caller": [check.to_json() for check in self.checks]}
        if self.hours is not None:
            found |= {"schedule": self.hours.to_json()}
        return found

    @property
    def lets_in_by_name(self) -> bool:
        """Whether it is for everybody who calls that conference, and lets them in: what receivers
        of an older version understand."""
        return not (self.checks or self.hours or {"refuse", "ask_pin"} & self.options.keys())

    @property
    def role(self) -> str:
        """The role that it gives, "" for none."""
        return str(self.options.get("role") or "")

    def is_for(self, conference: str) -> bool:
        """Whether it is for conferences of that name."""
        return not self.conference or any_matches(self.conference, conference)

    def refuses(self, conference: str, caller: Caller, now: float) -> str | None:
        """None when the entry is this caller's at that time (seconds since the epoch), else why
        not."""
        if not self.is_for(conference):
            return "it is for other conferences"
        if self.hours is not None and not self.hours.holds(now):
            return "it is for other hours"
        reasons = (check.refuses(caller) for check in self.checks)
        return next((reason for reason in reasons if reason is not None), None)

    def may_be_for(self, facts: Mapping[str, Any]) -> bool:
        """Whether it may be the entry that a member came by of whom these facts are known: only
        what certainly does not hold says no."""
        if "refuse" in self.options or not self._may_give(str(facts.get("role") or "")):
            return False
        known = {f"member.{name}": facts[name] for name in (*TOLD, "role") if facts.get(name)}
        return not any(
            check.refuses(known) is not None for check in self.checks if check.name in known
        )

    def _may_give(self, role: str) -> bool:
        """Whether its callers may be in this role: its own, or one that a PIN has given."""
        if self.role:
            return self.role == role
        if any(check.name == PROVED for check in self.checks):
            return bool(role)  # and the check says which
        return role in self.options.get("ask_pin", {}).get("roles", {"": ""})


def first_for(
    entries: Iterable[Entry], conference: str, caller: Caller, now: float
) -> Entry | None:
    """The first entry that is this caller's; None when none is."""
    return next((one for one in entries if one.refuses(conference, caller, now) is None), None)


def implies(narrow: CallerCheck, wide: CallerCheck) -> bool:
    """Whether every caller of whom `narrow` holds is one of whom `wide` holds; false when in
    doubt."""
    if narrow.name != wide.name:
        return False
    if narrow.bounds is not None:
        return narrow.bounds == wide.bounds
    if narrow.negated:
        known, excluded = set(narrow.texts), set(narrow.globs)
        return wide.negated and known.issuperset(wide.texts) and excluded.issuperset(wide.globs)
    if not set(narrow.globs).issubset(() if wide.negated else wide.globs):
        return False
    return all(wide.holds(text) for text in narrow.texts)


def contradiction(checks: Sequence[CallerCheck]) -> str:
    """The name of which no value can satisfy all of these checks; "" when there may be one."""
    for check in checks:
        if check.negated or check.globs or check.bounds is not None:
            continue
        others = [other for other in checks if other.name == check.name]
        if not any(all(other.holds(text) for other in others) for text in check.texts):
            return check.name
    return ""
