"""Recordings whose file has not come: Plivo is asked for them before they are told as missing.

Its list may lag behind its callbacks (docs/plivo.md 21.5), so it is asked again later, also when
no rule waits for `recording.missing`; a callback that comes after all wins at any time.
"""

from collections.abc import Iterator

from app.domain.conference import Timer
from app.domain.event import Event
from app.domain.recording import Sought
from workers.rules.engine import timers
from workers.rules.engine.occurrence import Occurrence
from workers.rules.engine.recordings import records
from workers.rules.engine.transitions import Deciding

SOUGHT_KEPT = 8


def came_due(deciding: Deciding, event: Event, timer: Timer) -> None:
    """It is time to ask; what a rule waits for is told with the answer."""
    state, number = deciding.state, timer.number
    waiting = state.sought.pop(str(number), ())
    if timer.kind == timers.SEEK:
        timers.set_seek(state, number, timer.due, timer.trigger + 1)
    else:
        waiting = (*waiting, (timer.rule, timer.trigger))
    state.sought[str(number)] = waiting
    while len(state.sought) > SOUGHT_KEPT:
        del state.sought[next(iter(state.sought))]
    past = state.past_of(number)
    deciding.sought.append(
        Sought(
            conference=state.name,
            number=number,
            uuid=past.uuid if past else "",
            started_at=past.started_at if past else timer.due,
            ended_at=past.ended_at if past else timer.due,
            asked_at=event.at,
        )
    )


def answered(deciding: Deciding, event: Event) -> Iterator[Occurrence]:
    """Plivo's answer. What it has came as `recording.ready` before; what it has not is missing. An
    answer that was not to be had says nothing of a recording."""
    state, data = deciding.state, event.data
    number = int(data["number"])
    waiting = state.sought.pop(str(number), None)
    if waiting is None:
        deciding.ignore(event, "its recording is there")
        return
    if data.get("error"):
        return
    deciding.write_down(records.missing(state, event, number))
    over = state.past_of(number)
    for nth, only in enumerate(waiting):
        yield Occurrence(
            "recording.missing", f"{event.id}-{nth}", event.id, event.at, only=only, over=over
        )
