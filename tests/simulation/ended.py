"""What a run left behind: in Redis, in its story, and on Plivo's side."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.domain.conference import Conference
from tests.simulation.plivo import Send
from tests.simulation.system import state_of
from tests.simulation.world import World

EARLY = ("mute", "unmute", "deaf", "undeaf")
AFTER = 6.0  # what was marked before a failover may be on its way for a lease and more


@dataclass(frozen=True)
class Ended:
    """What a run left behind. `accepted` and `journal` are by the key of the conference,
    `wanted` the timers that the states speak of, `due` those that are set, `dead` what was set
    aside; `asking` the runs that wait for an answer."""

    world: World
    accepted: dict[str, list[Any]]
    journal: dict[str, list[Any]]
    wanted: set[str]
    due: set[str]
    dead: list[Any]
    asking: dict[str, list[str]]

    def calls(self) -> Iterator[Any]:
        for entries in self.journal.values():
            yield from (entry for entry in entries if entry["kind"] == "call")

    def excused(self, begin: float, end: float) -> bool:
        """Does this time touch what a failover lost?"""
        climate = self.world.faults.climate
        at, lost = climate.failover_at, climate.lost_window
        return at is not None and lost > 0 and begin <= at + AFTER and end >= at - lost

    def decided_anew(self, send: Send) -> bool:
        """A mute may precede its record; should the worker die before it stores it and the rules
        be others then, no journal tells of it (docs/decisions/0003)."""
        world = self.world
        return (
            send.call.verb in EARLY
            and world.rules != world.new_rules
            and world.now > world.changed_at
        )


def ended(world: World) -> Ended:
    """Read from Redis what is left of a run."""
    server = world.server
    keys = [key.decode() for key in server.look(("KEYS", "sim:accepted:*"))[0]]
    units = [key.removeprefix("sim:accepted:") for key in sorted(keys)]
    accepted, journal, wanted, asking = {}, {}, set(), {}
    for unit in units:
        inbox, told, state = server.look(
            ("LRANGE", f"sim:accepted:{unit}", "0", "-1"),
            ("LRANGE", f"gavel:journal:{unit}", "0", "-1"),
            ("GET", f"gavel:conference:{unit}"),
        )
        if unit.endswith("-web"):
            continue
        accepted[unit] = [json.loads(entry.partition(b" ")[2]) for entry in inbox]
        journal[unit] = [json.loads(entry) for entry in told]
        known = state_of(state) if state else Conference.new("")
        wanted |= {f"{unit} {timer}" for timer in known.timers}
        waiting = known.waiting.values()
        asking[unit] = [one.run for one in waiting if one.awaits in ("step", "answer")]
    dead, due = server.look(("LRANGE", "gavel:dead", "0", "-1"), ("ZRANGE", "gavel:due", "0", "-1"))
    set_now = {row.decode() for row in due if not row.endswith(b" ~")}
    return Ended(world, accepted, journal, wanted, set_now, list(map(json.loads, dead)), asking)
