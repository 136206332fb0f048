"""Copies of recordings that `archive` made: where they are, and the transcript beside them."""

from typing import Any

from app.domain.call import Call
from app.domain.event import Event
from workers.rules.engine.recordings.records import marks
from workers.rules.engine.state import MutableConference
from workers.rules.engine.transitions import Deciding
from workers.rules.vocabulary.triggers import EVENTS


def seen(state: MutableConference, id: str) -> dict[str, Any]:
    """What rules see of the copy of this recording."""
    known = state.records.get(id)
    return {"archived_to": known.archived} if known is not None and known.archived else {}


def copied(deciding: Deciding, event: Event) -> None:
    """A copy was made, as the outcome of a step tells. Its transcript follows where it came while
    the copy was being made, and Plivo's own copy goes where the rule says so."""
    state, data = deciding.state, event.data
    id, to = data.get("recording_id", ""), data.get("archived_to")
    if not to:
        return
    if data.get("delete_at_plivo"):
        _want(deciding, event, id, to, "delete")
    known = state.records.get(id)
    if known is None:
        return
    state.records[id] = known._replace(archived=to)
    if not data.get("transcript"):
        flags = [state.recordings.get(key, (0, 0))[1] for key in marks(state, {}, id)]
        if any(flag & EVENTS["transcription.ready"].mark for flag in flags):
            want_transcript(deciding, event, id)


def want_transcript(deciding: Deciding, event: Event, id: str) -> None:
    """Put the transcript beside the copy, if there is one."""
    to = seen(deciding.state, id).get("archived_to")
    if to:
        _want(deciding, event, id, to, "transcript")


def _want(deciding: Deciding, event: Event, id: str, to: str, part: str) -> None:
    """A call that no rule asks for: one part of what belongs to a copy."""
    run = f"{event.id}.{part}"
    deciding.calls.append(
        Call(
            id=f"{run}.0",
            verb="archive",
            conference=deciding.state.name,
            members=(),
            params={"to": to, "recording": {"id": id}, "part": part},
            run=run,
            rule="",
            step=0,
            event=event.id,
            at=event.at,
            expires_at=None,
            on_error="continue",
            uuid=event.uuid,
        )
    )
