"""The journal of a name, by its instances: Plivo reuses names, and every time has its own story."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.domain.conference import Conference

Entry = tuple[str, Mapping[str, Any]]
"""An entry of the journal with its id."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One of them, by its ConferenceUUID; "" for what happened before any was known. `entries` are
    oldest first, times in seconds since the epoch."""

    uuid: str
    entries: list[Entry] = field(default_factory=list)

    @property
    def began(self) -> float:
        return float(self.entries[0][1]["at"])

    @property
    def last(self) -> float:
        return float(self.entries[-1][1]["at"])


def instances(entries: Sequence[Entry]) -> Sequence[Instance]:
    """All of them, the one that began last at the end.

    An event that names its instance belongs there, however late it came; what came of it belongs
    to the same. An event that names none belongs to the one that was there at the time."""
    found: dict[str, Instance] = {}
    of_event: dict[str, str] = {}
    now = ""
    for id, entry in entries:
        event = entry.get("event")
        if isinstance(event, Mapping):
            uuid = str(event.get("uuid") or now)
            of_event[str(event.get("id"))] = uuid
            if uuid not in found:
                now = uuid
        else:
            uuid = of_event.get(str(event), now)
        found.setdefault(uuid, Instance(uuid)).entries.append((id, entry))
    return _without_nameless(list(found.values()))


def _without_nameless(found: list[Instance]) -> Sequence[Instance]:
    """What came before the first known instance is told with it: its own first moments."""
    if len(found) > 1 and not found[0].uuid:
        found[1].entries[:0] = found[0].entries
        return found[1:]
    return found


def chosen(found: Sequence[Instance], uuid: str) -> Instance:
    """The one that is asked for; the last when that one is not kept (any more)."""
    return next((one for one in found if one.uuid == uuid), found[-1]) if found else Instance("")


def ended_at(shown: Instance, state: Conference | None) -> float:
    """When it ended, in seconds since the epoch: what is heard later of its recordings is none of
    its time. By the state, as long as that knows it; else when the last of them left."""
    past = state.past if state is not None else ()
    known = next((one.ended_at for one in past if shown.uuid and one.uuid == shown.uuid), None)
    if known is not None:
        return known
    left = [
        float(entry["at"])
        for _, entry in shown.entries
        if entry["kind"] == "event"
        and entry["event"]["kind"] in ("member.entered", "member.exited")
    ]
    return left[-1] if left else shown.last
