"""What we keep of one conference name: the instance that is live, and what guards against replays.

Plivo reuses names: every time a room fills again it is a new *instance* with a new ConferenceUUID.
A `Conference` is all that is remembered of one name, stored as one small JSON text. `decide` makes
the next one from it; nothing else changes it. Everything that is remembered is bounded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from app.domain.suggest import quoted
from app.json_text import decode, encode

VERSION = 1

RULE_NAME = "rule_name"
"""Among the fields of a run that waits: what its rule was called, for it may be gone by then."""


AWAITS_LATE = "awaits_late"
"""Among the fields of a run that waits: what it waits for can come after the end."""


def timer_said(id: str) -> str:
    """A timer in words, by its id: `the timer “time left”`."""
    what = id.split(".")[1] if id.count(".") else id
    return f"the timer “{what.replace('_', ' ')}”"


def what_of(kind: str) -> str:
    """The kind of a timer in short, the second part of the timer's id."""
    return kind.partition(".")[2] or kind


class UnreadableConference(ValueError):
    """The stored state of a conference is damaged."""


class NewerConference(UnreadableConference):
    """The stored state of a conference was written by a newer Gavel: run that version."""

    def __init__(self, version: int) -> None:
        super().__init__(f"state version {version} is newer than this Gavel reads ({VERSION})")
        self.version = version


HERE = "{conference}"
"""Stands for the conference's name in words that are kept once for many conferences."""


def said_of(conference: str, reason: str) -> str:
    """Such words with the name in its place."""
    before = f"conference.name is {HERE},"
    if not reason.startswith(before):
        return reason
    return f"conference.name is {quoted(conference)},{reason.removeprefix(before)}"


class Member(NamedTuple):
    """One member. `facts` is what rules see as `member.*` (a fact nobody told is not in it);
    `seen` is when we last heard of this member or acted on it, seconds since the epoch."""

    id: str
    facts: Mapping[str, Any]
    seen: float


@dataclass(frozen=True, slots=True)
class Timer:
    """Something due. `id` is unique within the conference's name over all its instances; a timer
    that repeats keeps its id and gets a new `due`, so compare both.

    `kind` is a time trigger of the catalogue (`conference.elapsed`, …), `limit`, `wait` or `held`.
    `rule` is a rule's id and `trigger` the index of its trigger; `number` the instance it belongs
    to; `run` the run that a `wait` goes on with, or that a `held` gives up.
    """

    id: str
    due: float
    kind: str
    rule: str = ""
    trigger: int = 0
    number: int = 0
    run: str = ""

    @property
    def what(self) -> str:
        """Its kind in short, as its id and its event say it: `time_left`."""
        return what_of(self.kind)

    @property
    def said(self) -> str:
        """In words, for people."""
        return timer_said(self.id)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A run that goes on later, from `step`: after a `wait` (`awaits` is "timer"), when its webhook
    is through ("step"), when its call to Plivo is answered ("answer"), or when what it waits for
    has not come in time ("trigger"). `fields` are
    those of its event. `due` is set when its rule was away as it should have gone on: then, in
    seconds since the epoch."""

    run: str
    rule: str
    step: int
    event: str
    at: float
    number: int
    awaits: str
    fields: Mapping[str, Any]
    due: float | None = None

    @property
    def said(self) -> str:
        """In words, for people."""
        name = self.fields.get(RULE_NAME)
        return f"the run of rule “{name}”" if name else "the run of a rule"


class Known(NamedTuple):
    """What tells one recording from another: its instance, hashes of that one's UUID and of its
    address ("" for none), whether its file is there, the record call that began it, when it began
    (0: not known), and where a copy of it is."""

    number: int
    uuid: str = ""
    url: str = ""
    ready: bool = False
    call: str = ""
    began: float = 0.0
    archived: str = ""


class Ensured(NamedTuple):
    """What was done so that one thing is as a rule ensures: when last, by which call that is under
    way ("": none), how often in a row it was undone, until when nothing is done, and who has it
    otherwise by hand ("": nobody). Times in seconds since the epoch."""

    at: float
    call: str = ""
    undone: int = 0
    until: float = 0.0
    by: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """An instance that is over: what its late recordings and transcripts still need to know."""

    number: int
    uuid: str
    started_at: float
    ended_at: float
    limit: float | None = None


@dataclass(slots=True)
class Conference:
    """The state of one conference name: a value, though not a frozen one. Only `decide` changes a
    conference, and that is a copy of its own.

    `number` counts its instances; everything below belongs to the live one (or the last, when not
    live) unless it says otherwise. `limit` is in seconds since `started_at` and includes
    `extended`. `recording`: one is running; `awaited`: one began whose file has not come yet.
    `gone` maps ids of members who left to a hash of their call. `seen` is when we last heard of a
    member, `resumed` an instance that we had taken for ended. `emptied`: an exit has said
    that nobody was left, and nobody has entered since. `rules` is the digest of the rules
    that the timers are derived from. `strays` are exits of instances that we know nothing of: UUID,
    member, hash of the call (each may be empty but the member), and when. `triggered` counts what
    events from outside have led to, by their ids, as long as a run of them waits.
    `once`, `recordings` and `past` also speak of earlier instances, by number. `records` are the
    recordings by the ids that they are kept under; `asked` the record calls that none is known of
    yet: id, run, rule, time, instance. `sought` are instances whose recordings Plivo is asked for,
    and what is told when it has none: rules (ids) and triggers. `attended` has everybody who was in
    the live instance: id -> (number, since, until; 0: still in), `attended_before` the same of
    recorded earlier ones. `doubted` are enters of another instance while this one lives: id, time,
    UUID and data of each event. `vars` are what rules have set; any JSON value, 16 KiB in all.
    `ensured` is by rule, state and member what was done for it; `acted` are members whose flags a
    call changed, and when, while anything is ensured.
    """

    name: str
    uuid: str = ""
    live: bool = False
    number: int = 0
    started_at: float = 0.0
    members: dict[str, Member] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)
    limit: float | None = None
    hang_up: bool = True
    extended: float = 0.0
    recording: bool = False
    awaited: bool = False
    alone_since: float | None = None
    seen: float = 0.0
    resumed: bool = False
    emptied: bool = False
    rules: str = ""
    timers: dict[str, Timer] = field(default_factory=dict)
    waiting: dict[str, Waiting] = field(default_factory=dict)
    once: dict[str, int] = field(default_factory=dict)
    cooldowns: dict[str, float] = field(default_factory=dict)
    triggered: dict[str, int] = field(default_factory=dict)
    recordings: dict[str, tuple[int, int]] = field(default_factory=dict)
    records: dict[str, Known] = field(default_factory=dict)
    asked: tuple[tuple[str, str, str, float, int], ...] = ()
    sought: dict[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    attended: dict[str, tuple[str, float, float]] = field(default_factory=dict)
    attended_before: dict[str, dict[str, tuple[str, float, float]]] = field(default_factory=dict)
    strays: tuple[tuple[str, str, str, float], ...] = ()
    past: tuple[Past, ...] = ()
    doubted: tuple[tuple[str, float, str, Mapping[str, Any]], ...] = ()
    vars: dict[str, Any] = field(default_factory=dict)
    ensured: dict[str, Ensured] = field(default_factory=dict)
    acted: dict[str, float] = field(default_factory=dict)

    @classmethod
    def new(cls, name: str) -> Self:
        """A name that nothing is known of."""
        return cls(name)

    @property
    def limit_at(self) -> float | None:
        """When the limit is reached, seconds since the epoch."""
        return None if self.limit is None else self.started_at + self.limit

    def to_json(self) -> str:
        """The stored form: what differs from a new conference, under short keys."""
        kept: dict[str, Any] = {"v": VERSION, "name": self.name}
        for key, attribute in _PLAIN:
            value = getattr(self, attribute)
            if value or (value is not None and attribute in _ZERO_COUNTS):
                kept[key] = value
        if not self.hang_up:
            kept["nohang"] = True
        if self.members:
            kept["m"] = [[member.facts, member.seen] for member in self.members.values()]
        if self.timers:
            kept["t"] = [
                [t.id, t.due, t.kind, t.rule, t.trigger, t.number, t.run]
                for t in self.timers.values()
            ]
        if self.waiting:
            kept["w"] = [
                [w.run, w.rule, w.step, w.event, w.at, w.number, w.awaits, w.fields, w.due]
                for w in self.waiting.values()
            ]
        if self.past:
            kept["p"] = [[p.number, p.uuid, p.started_at, p.ended_at, p.limit] for p in self.past]
        return encode(kept)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Raises `UnreadableConference`, and `NewerConference` when a newer version wrote it."""
        try:
            kept = decode(text)
            version = int(kept["v"])
            if version <= VERSION:
                return cls._of(kept)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            raise UnreadableConference(f"the state can not be read: {error!r}"[:200]) from error
        raise NewerConference(version)

    @classmethod
    def _of(cls, kept: Mapping[str, Any]) -> Self:
        plain = {attribute: kept[key] for key, attribute in _PLAIN if key in kept}
        for attribute, value in plain.items():
            if not isinstance(value, _TYPES[attribute]):
                raise TypeError(f"{attribute} is {value!r}")
        if "recordings" in plain:
            plain["recordings"] = {k: (n, f) for k, (n, f) in plain["recordings"].items()}
        if "strays" in plain:
            plain["strays"] = tuple(_stray(*row) for row in plain["strays"])
        if "doubted" in plain:
            plain["doubted"] = tuple((i, at, u, d) for i, at, u, d in plain["doubted"])
        if "records" in plain:
            plain["records"] = {id: Known(*row) for id, row in plain["records"].items()}
        if "ensured" in plain:
            plain["ensured"] = {key: Ensured(*row) for key, row in plain["ensured"].items()}
        if "asked" in plain:
            plain["asked"] = tuple((c, r, n, at, i) for c, r, n, at, i in plain["asked"])
        if "sought" in plain:
            sought = plain["sought"].items()
            plain["sought"] = {n: tuple((r, t) for r, t in rows) for n, rows in sought}
        if "attended" in plain:
            plain["attended"] = _attended(plain["attended"])
        if "attended_before" in plain:
            before = plain["attended_before"].items()
            plain["attended_before"] = {n: _attended(rows) for n, rows in before}
        return cls(
            name=kept["name"],
            hang_up="nohang" not in kept,
            members={f["id"]: Member(f["id"], f, _time(seen)) for f, seen in kept.get("m", ())},
            timers={id: Timer(id, _time(due), *rest) for id, due, *rest in kept.get("t", ())},
            waiting={row[0]: Waiting(*row) for row in kept.get("w", ())},
            past=tuple(Past(n, u, _time(s), _time(e), *r) for n, u, s, e, *r in kept.get("p", ())),
            **plain,
        )


def _time(value: Any) -> float:
    if not isinstance(value, float | int):
        raise TypeError(f"{value!r} is no time")
    return value


def _attended(rows: Mapping[str, Any]) -> dict[str, tuple[str, float, float]]:
    return {id: (number, since, until) for id, (number, since, until) in rows.items()}


def _stray(uuid: str, member: str, call: str, at: float = 0.0) -> tuple[str, str, str, float]:
    """Older versions kept no time."""
    return uuid, member, call, at


_PLAIN = (
    ("u", "uuid"),
    ("l", "live"),
    ("n", "number"),
    ("s", "started_at"),
    ("g", "gone"),
    ("lim", "limit"),
    ("ext", "extended"),
    ("rec", "recording"),
    ("aw", "awaited"),
    ("al", "alone_since"),
    ("seen", "seen"),
    ("res", "resumed"),
    ("emp", "emptied"),
    ("r", "rules"),
    ("o", "once"),
    ("c", "cooldowns"),
    ("tg", "triggered"),
    ("rs", "recordings"),
    ("rk", "records"),
    ("ra", "asked"),
    ("so", "sought"),
    ("at", "attended"),
    ("ab", "attended_before"),
    ("st", "strays"),
    ("d", "doubted"),
    ("va", "vars"),
    ("en", "ensured"),
    ("ac", "acted"),
)
_ZERO_COUNTS = frozenset({"limit", "alone_since"})  # here 0 is not the same as nothing


def _types() -> Mapping[str, tuple[type, ...]]:
    """What the plain values are in JSON, by what they are at first."""
    new = Conference.new("")
    firsts = {attribute: type(getattr(new, attribute)) for _, attribute in _PLAIN}
    in_json = {float: (float, int), type(None): (float, int), tuple: (list,)}
    return {attribute: in_json.get(first, (first,)) for attribute, first in firsts.items()}


_TYPES = _types()
