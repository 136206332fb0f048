"""The journal as lines on a terminal: the words are those of `app.story`, the layout is here.

Used for the live story of `gavel up`, for `gavel why` and for `gavel act`.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TextIO

from rich.cells import cell_len, set_cell_size

from app.domain.moments import offset, written
from app.store.journal import Entry
from app.story.in_order import InOrder
from app.story.telling import Line, Part, Telling, Words
from cli.output.terminal import columns, painter
from cli.output.wrapping import wrapped
from workers.rules.vocabulary.actions import VERBS
from workers.rules.vocabulary.triggers import EVENTS

NAME_WIDTH = 16
CALL_WIDTH = 34
SHORT_CALL_WIDTH = 18
CLOCK_WIDTH = len("18:42:07.121  ")
NARROWEST = 20
Paint = Callable[[str, str], str]
COLOURS = {"good": "green", "warn": "yellow", "bad": "red", "main": "cyan", "dim": "dim"}


class Story:
    """Turns journal entries into lines. `everything` also tells of rules that were skipped."""

    def __init__(
        self,
        paint: Paint,
        *,
        everything: bool = False,
        dates: bool = False,
        ids: bool = False,
        named: bool = True,
        width: Callable[[], int | None] = lambda: None,
    ) -> None:
        """With `dates` every line has date and zone; else a line of its own says them whenever they
        change. `ids`: events with theirs; `named`: lines with their conference. `width` tells how
        many columns a line may have: longer ones go on below, and the times of calls stand at the
        right; None: a line is a line."""
        self._paint = paint
        self._dates = dates
        self._ids = ids
        self._named = named
        self._width = width
        self.of = ""  # in front of each line, but for that of the day
        self.day = ""  # told last
        words = Words(
            {kind: event.words for kind, event in EVENTS.items()},
            {name: verb.said for name, verb in VERBS.items()},
        )
        self._telling = Telling(words, everything=everything, hint="gavel why")
        self._in_order = InOrder(self._telling)

    @classmethod
    def to(cls, stream: TextIO, **how: bool) -> "Story":
        """A story for people: on a terminal laid out to its width, under the day; anywhere else
        every line by itself, with its date and its conference."""
        alone = columns(stream) is None
        options = {"dates": alone, "named": alone} | how
        return cls(painter(stream), width=lambda: columns(stream), **options)

    def lines(self, entry: Entry) -> Iterator[str]:
        """Its lines; none for an entry that is not told."""
        for line in self._in_order.lines(entry):
            yield from self._new_day(entry["at"])
            id = entry["event"]["id"] if self._ids and line.kind == "event" else ""
            yield from (self.of + text for text in self._line(entry, line, id))

    def _new_day(self, at: float) -> Iterator[str]:
        moment = datetime.fromtimestamp(at, UTC).astimezone()
        day = f"{moment:%Y-%m-%d} {offset(moment)}"
        if not self._dates and day != self.day:
            self.day = day
            yield self._paint("dim", day)

    def _line(self, entry: Entry, line: Line, id: str) -> Iterator[str]:
        clock = written(entry["at"], milliseconds=True)
        if not self._dates:
            clock = clock.split()[1]
        head = self._paint("dim", clock) + "  "
        head += self._name(entry["conference"]) + "  " if self._named else ""
        ids = (f"api_id {line.api_id}" if line.api_id else "", id)
        width = self._width()
        width = width and max(NARROWEST, width - len(self.of))
        if width is None:
            told = "".join(f"  {one}" for one in (line.briefly, *ids) if one)
            yield head + "".join(map(self._part, (*_body(line, CALL_WIDTH), ("dim", told))))
            return
        indent = CLOCK_WIDTH + (NAME_WIDTH + 2 if self._named else 0)
        body = _body(line, SHORT_CALL_WIDTH)
        below = [one for one in ids if one]
        yield from self._fitted(head, indent, body, below, line.briefly, width)

    def _fitted(
        self,
        head: str,
        indent: int,
        parts: Sequence[Part],
        below: Sequence[str],
        right: str,
        width: int,
    ) -> Iterator[str]:
        """The parts beside the head, as many lines as they need, and `right` at the right; ids
        beside them where there is room, else below, each whole."""
        room = width - indent - (cell_len(right) + 2 if right else 0)
        if room < NARROWEST:
            parts, right, room = [*parts, ("dim", f"  {right}")], "", max(NARROWEST, width - indent)
        beside = [*parts, *(("dim", f"  {id}") for id in below)]
        if sum(cell_len(text) for _, text in beside) <= room:
            parts, below = beside, ()
        painted = "".join(map(self._part, parts))
        length = sum(cell_len(text) for _, text in parts)
        if length <= room:
            rows = [(painted, length)]
        else:
            rows = [
                ("".join(map(self._part, row)), sum(cell_len(text) for _, text in row))
                for row in wrapped(parts, room, indent=4)
            ]
        (first, used), *others = rows
        at_right = " " * (room - used + 2) + self._paint("dim", right) if right else ""
        yield f"{head}{first}{at_right}"
        for text, _ in others:
            yield " " * indent + text
        for id in below:
            yield " " * (indent + 4) + self._paint("dim", id)

    def _name(self, name: str) -> str:
        shown = self._telling.clean(name)
        if cell_len(shown) > NAME_WIDTH:
            shown = set_cell_size(shown, NAME_WIDTH - 1) + "…"
        return self._paint("bold", set_cell_size(shown, NAME_WIDTH))

    def _part(self, part: Part) -> str:
        tone, text = part
        return self._paint(COLOURS[tone], text) if tone and text else text


def _body(line: Line, call_width: int) -> Sequence[Part]:
    """What a line says, but for its times and ids."""
    if line.kind == "event":
        return (("", "● "), line.head, *line.rest)
    if line.kind == "call":
        call = f"→ {line.head[1]}"
        padding = " " * max(1, call_width - cell_len(call) + 1)
        return (("", f"    {call}{padding}"), *line.rest)
    if line.kind == "rules":
        return (line.head,)
    return (("", "  "), line.head)
