"""The journal in its order: what stands below something else than its own event says whose it is.

Events that come together are decided together, and a call may go out, or be tried again, long
after its event: other events stand between by then.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from app.story.telling import Entry, Line, Part, Telling, owner

Kept = TypeVar("Kept")

MOST_CONFERENCES = 500
MOST_EVENTS = 500
"""So many are remembered of the last conferences, and of each one's events."""
UNTOLD = {
    "conference.observed": ", by the list that Plivo keeps",
    "step.done": ", which goes on",
    "record.answered": ", which goes on",
}
"""Events without words of their own -> what is said of a rule that ran for one."""


@dataclass(slots=True)
class _Place:
    """Below which event the next line stands, and how the last events were told."""

    under: str = ""
    told: OrderedDict[str, str] = field(default_factory=OrderedDict)


class InOrder:
    """Tells entries one after the other, of one conference or of many."""

    def __init__(self, telling: Telling) -> None:
        self._telling = telling
        self._places: OrderedDict[str, _Place] = OrderedDict()

    def lines(self, entry: Entry) -> Iterator[Line]:
        """As `Telling.lines`, with whose a line is where it does not stand below its own event."""
        place = self._place(entry["conference"])
        for line in self._telling.lines(entry):
            if line.kind == "event":
                place.under = entry["event"]["id"]
                _remember(place.told, place.under, f", for “{line.head[1]}”", MOST_EVENTS)
            yield self._owned(place, entry, line)
        if entry["kind"] == "event" and (said := UNTOLD.get(entry["event"]["kind"])):
            place.told.setdefault(entry["event"]["id"], said)

    def _owned(self, place: _Place, entry: Entry, line: Line) -> Line:
        event = entry.get("event", "")
        if entry["kind"] == "verdict" or line.kind not in ("rule", "call") or not event:
            return line
        if isinstance(event, Mapping) or place.under in (event, *entry.get("with", ())):
            return line
        if line.kind == "call":
            return replace(line, rest=(*line.rest, self._by(entry)))
        place.under = event
        tone, text = line.head
        return replace(line, head=(tone, text + place.told.get(event, "")))

    def _by(self, entry: Mapping[str, Any]) -> Part:
        rule = owner(self._telling.clean(entry.get("rule", "")))
        return ("dim", f"  ({rule})") if rule else ("", "")

    def _place(self, conference: str) -> _Place:
        found = self._places.get(conference) or _Place()
        _remember(self._places, conference, found, MOST_CONFERENCES)
        return found


def _remember(known: OrderedDict[str, Kept], name: str, value: Kept, most: int) -> None:
    known[name] = value
    known.move_to_end(name)
    if len(known) > most:
        known.popitem(last=False)
