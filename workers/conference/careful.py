"""Deciding after a turn that was never committed: its worker may have died of one of the events.

Each event that waited is then decided alone, and stored before the next one; Redis counts how
often that was begun. One that did not get through is set aside, and its neighbours go on. A worker
that is killed for another reason sets nothing aside, unless that happens twice within the few
milliseconds between the beginning and the commit of the same event.
"""

from collections.abc import Callable

from app.store.inbox import Waiting
from app.store.lease import patiently
from workers.conference.unit import Unit

DEADLY = 2
"""Turns that decided an event alone and were never committed, after one at least with others."""

TAKEN = f"taken {DEADLY + 1} times and never committed: whoever decided it died"

Decide = Callable[[Waiting], None]
SetAside = Callable[[tuple[float, bytes], str], None]


def one_by_one(unit: Unit, decide: Decide, set_aside: SetAside) -> Waiting | None:
    """Decide what was there when this turn began; answers what waits then. `set_aside` is told why.
    Raises LeaseLost or RedisError."""
    waiting: Waiting | None = unit.lease.taken.events
    for entry in unit.lease.taken.events:
        if patiently(unit.lease.begin) < DEADLY:
            decide([entry])
        else:
            unit.next.decided += 1
            set_aside(entry, TAKEN)
        waiting = unit.commit()
    return waiting
