"""One instance of a conference as a picture: who was in, was muted or had the floor, and what rules
did. Pure: entries of the journal in, shapes with their places out; a template draws them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.console.conference.instances import Entry
from app.story.telling import person

WIDTH, NAMES, RIGHT = 1000, 150, 14
TOP, ROW, BOTTOM = 30, 24, 26
"""Sizes in the units of the picture: all of it, the column of names, the axis, a row, the end."""

MOST_ROWS = 40
APART = 11
"""Signs that are closer are drawn as one."""
TICKS = 6
AHEAD = 1.0
"""A time limit is shown once it is no further ahead than this share of what is over."""
SIGNS = {
    "event": "●",
    "timer": "◷",
    "rule": "▲",
    "done": "■",
    "gone": "✕",
    "hand": "✎",
    "bad": "◆",
}
"""Kind of a sign -> its shape, the kind that matters most last."""
_ORDER = list(SIGNS)
_SWITCHES = {"mute": ("mute", True), "unmute": ("mute", False)}
_SWITCHES |= {"deaf": ("deaf", True), "undeaf": ("deaf", False)}
_OTHER_EVENTS = {"timer": "timer", "operator.acted": "hand", "member.digits": "event"}
_OTHER_EVENTS |= {"trigger": "event", "schedule": "timer"}


@dataclass(frozen=True, slots=True)
class Bar:
    """From `x` on, `width` long. `kind`: in, mute, deaf, floor or rec."""

    kind: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Mark:
    """One or several signs at a place; `entry` is the id of the first entry that it stands for."""

    x: float
    kind: str
    sign: str
    title: str
    entry: str


@dataclass(frozen=True, slots=True)
class Row:
    """The conference itself, or a member."""

    name: str
    y: int
    bars: Sequence[Bar]
    marks: Sequence[Mark]


@dataclass(frozen=True, slots=True)
class Picture:
    """`ticks` are places on the axis with their times; `more` is how many members have no row."""

    height: int
    rows: Sequence[Row]
    ticks: Sequence[tuple[float, float]]
    limit: float | None
    members: int
    more: int


@dataclass(slots=True)
class _Line:
    """What is known of one row: spans that are open, by kind, and what is over."""

    name: str
    open: dict[str, float] = field(default_factory=dict)
    spans: list[tuple[str, float, float]] = field(default_factory=list)
    signs: list[tuple[float, str, str, str]] = field(default_factory=list)

    def begin(self, kind: str, at: float) -> None:
        self.open.setdefault(kind, at)

    def end(self, kind: str, at: float) -> None:
        if kind in self.open:
            self.spans.append((kind, self.open.pop(kind), at))

    def end_all(self, at: float) -> None:
        for kind in list(self.open):
            self.end(kind, at)


def picture(
    entries: Sequence[Entry],
    until: float,
    limit_at: float | None,
    name_of: Callable[[Mapping[str, Any]], str],
    title_of: Callable[[Mapping[str, Any]], str],
) -> Picture | None:
    """The picture up to `until`, in seconds since the epoch; None when nobody was ever in.

    `name_of` the data of a member, `title_of` an entry: in words that may be shown."""
    found = _Reader(name_of, title_of).read(entries)
    if not found.members:
        return None
    began = float(entries[0][1]["at"])
    until = max(until, began + 1.0)
    near = limit_at is not None and limit_at < until + AHEAD * (until - began)
    end = max(until, limit_at) if limit_at is not None and near else until
    scale = _Scale(began, end)
    lines = [found.whole, *list(found.members.values())[:MOST_ROWS]]
    for line in [found.whole, *found.members.values()]:
        line.end_all(until)
    rows = [_row(line, number, scale) for number, line in enumerate(lines)]
    limit = scale.x(limit_at) if limit_at is not None and near else None
    step = (end - began) / (TICKS - 1)
    ticks = [(scale.x(began + number * step), began + number * step) for number in range(TICKS)]
    many = len(found.members)
    height = TOP + ROW * len(rows) + BOTTOM
    return Picture(height, rows, ticks, limit, many, max(0, many - MOST_ROWS))


@dataclass(frozen=True, slots=True)
class _Scale:
    began: float
    end: float

    def x(self, at: float) -> float:
        share = (min(max(at, self.began), self.end) - self.began) / (self.end - self.began)
        return round(NAMES + share * (WIDTH - NAMES - RIGHT), 1)


class _Reader:
    """Goes through the entries once."""

    def __init__(
        self,
        name_of: Callable[[Mapping[str, Any]], str],
        title_of: Callable[[Mapping[str, Any]], str],
    ) -> None:
        self._name_of, self._title_of = name_of, title_of
        self.whole = _Line("")
        self.members: dict[str, _Line] = {}
        self._of_event: dict[str, str] = {}

    def read(self, entries: Iterable[Entry]) -> "_Reader":
        for id, entry in entries:
            read = {"event": self._event, "run": self._run, "call": self._call}.get(entry["kind"])
            if read is not None:
                read(id, entry, float(entry["at"]))
        return self

    def _event(self, id: str, entry: Mapping[str, Any], at: float) -> None:
        event = entry["event"]
        kind, data = event["kind"], event.get("data", {})
        member = str(data.get("member_id") or "")
        self._of_event[event["id"]] = member
        line = self.members.get(member, self.whole)
        if kind == "member.entered" and member:
            line = self.members.setdefault(member, _Line(self._name_of(data)))
            line.begin("in", at)
        elif kind == "member.exited":
            line.end_all(at) if line is not self.whole else None
        elif kind == "member.speaking":
            for other in self.members.values():
                other.end("floor", at)
            if line is not self.whole:
                line.begin("floor", at)
        elif kind == "recording.started":
            self.whole.begin("rec", at)
        elif kind == "recording.ready":
            self.whole.end("rec", at)
        elif kind in _OTHER_EVENTS:
            self._sign(line, at, _OTHER_EVENTS[kind], entry, id)

    def _run(self, id: str, entry: Mapping[str, Any], at: float) -> None:
        if entry["outcome"] == "skipped" or (
            entry["outcome"] == "applied" and person(entry["rule"])
        ):
            return  # what was done by hand has the sign of its event
        line = self.members.get(self._of_event.get(entry["event"], ""), self.whole)
        self._sign(line, at, "bad" if entry["outcome"] == "failed" else "rule", entry, id)

    def _call(self, id: str, entry: Mapping[str, Any], at: float) -> None:
        verb, status = entry["verb"], entry["status"]
        if status in ("retry", "split"):
            return
        good = status == "done"
        kind = "done" if good else "bad" if status in ("failed", "unknown") else "gone"
        for line in self._lines(entry.get("members", ())):
            self._sign(line, at, "gone" if good and verb == "kick" else kind, entry, id)
        if good:
            self._switch(verb, entry.get("members", ()), at)

    def _switch(self, verb: str, members: Sequence[str], at: float) -> None:
        """What a call that was made changed."""
        if verb in _SWITCHES:
            kind, on = _SWITCHES[verb]
            for line in self._lines(members, everybody=True):
                if "in" in line.open:
                    line.begin(kind, at) if on else line.end(kind, at)
        elif verb == "record":
            self.whole.begin("rec", at)
        elif verb == "stop_recording":
            self.whole.end("rec", at)

    def _lines(self, members: Sequence[str], *, everybody: bool = False) -> Iterator[_Line]:
        """Those of these members. `all` is everybody's own row only if `everybody`."""
        if list(members) == ["all"] and everybody:
            yield from self.members.values()
        elif known := [self.members[one] for one in members if one in self.members]:
            yield from known
        elif not everybody:
            yield self.whole

    def _sign(self, line: _Line, at: float, kind: str, entry: Mapping[str, Any], id: str) -> None:
        line.signs.append((at, kind, self._title_of(entry), id))


def _row(line: _Line, number: int, scale: _Scale) -> Row:
    order = ("in", "rec", "floor", "mute", "deaf")
    spans = sorted(line.spans, key=lambda span: order.index(span[0]))
    bars = []
    for kind, begun, ended in spans:
        x = scale.x(begun)
        bars.append(Bar(kind, x, round(max(2.0, scale.x(ended) - x), 1)))
    return Row(line.name, TOP + number * ROW, bars, list(_marks(line, scale)))


def _marks(line: _Line, scale: _Scale) -> Iterator[Mark]:
    """Signs that would lie on each other are one, with the shape of the one that matters most."""
    group: list[tuple[float, str, str, str]] = []
    for sign in line.signs:
        if group and scale.x(sign[0]) - scale.x(group[0][0]) > APART:
            yield _mark(group, scale)
            group = []
        group.append(sign)
    if group:
        yield _mark(group, scale)


def _mark(group: Sequence[tuple[float, str, str, str]], scale: _Scale) -> Mark:
    kind = max((one[1] for one in group), key=_ORDER.index)
    titles = list(dict.fromkeys(title for _, _, title, _ in group))
    told = "; ".join(titles[:4]) + (f"; and {len(titles) - 4} more" if len(titles) > 4 else "")
    first = next(one for one in group if one[1] == kind)
    many = len(titles) > 4 and kind != "bad"
    return Mark(
        scale.x(group[0][0]),
        "many" if many else kind,
        str(len(titles)) if many else SIGNS[kind],
        told,
        first[3],
    )
