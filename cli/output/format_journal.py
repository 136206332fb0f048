"""The journal as lines on a terminal: the words are those of `app.story`, the layout is here.

Used for the live story of `gavel up` and for `gavel why`.
"""

import time
from collections.abc import Callable, Iterator

from rich.cells import cell_len, set_cell_size

from app.store.journal import Entry
from app.story.telling import Line, Part, Telling, Words
from workers.rules.vocabulary.actions import VERBS
from workers.rules.vocabulary.triggers import EVENTS

NAME_WIDTH = 16
CALL_WIDTH = 34
Paint = Callable[[str, str], str]
COLOURS = {"good": "green", "warn": "yellow", "bad": "red", "main": "cyan", "dim": "dim"}


class Story:
    """Turns journal entries into lines. `everything` also tells of rules that were skipped."""

    def __init__(self, paint: Paint, *, everything: bool = False, dates: bool = False) -> None:
        self._paint = paint
        self._clock = "%Y-%m-%d %H:%M:%S" if dates else "%H:%M:%S"
        words = Words(
            {kind: event.words for kind, event in EVENTS.items()},
            {name: verb.said for name, verb in VERBS.items()},
        )
        self._telling = Telling(words, everything=everything, hint="gavel why")

    def lines(self, entry: Entry) -> Iterator[str]:
        """Its lines; none for an entry that is not told."""
        for line in self._telling.lines(entry):
            at, name = self._when(entry["at"]), self._name(entry["conference"])
            yield f"{at}  {name}  {self._laid_out(line)}"

    def _when(self, at: float) -> str:
        clock = time.strftime(self._clock, time.localtime(at))
        return self._paint("dim", f"{clock}.{int(at % 1 * 1000):03d}")

    def _name(self, name: str) -> str:
        shown = self._telling.clean(name)
        if cell_len(shown) > NAME_WIDTH:
            shown = set_cell_size(shown, NAME_WIDTH - 1) + "…"
        return self._paint("bold", set_cell_size(shown, NAME_WIDTH))

    def _laid_out(self, line: Line) -> str:
        rest = "".join(map(self._part, line.rest))
        id = self._paint("dim", f"  api_id {line.api_id}") if line.api_id else ""
        if line.kind == "event":
            return f"● {self._part(line.head)}{rest}{id}"
        if line.kind == "call":
            took = self._paint("dim", f"  {line.took}" if line.took else "")
            return f"    {f'→ {line.head[1]}'.ljust(CALL_WIDTH)} {rest}{took}{id}"
        if line.kind == "rules":
            return self._part(line.head)
        if line.kind == "note":
            return self._part((line.head[0], f"  {line.head[1]}"))
        return f"  {self._part(line.head)}"

    def _part(self, part: Part) -> str:
        tone, text = part
        return self._paint(COLOURS[tone], text) if tone and text else text
