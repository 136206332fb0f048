"""What Plivo would have said in a replay, asked for a recording whose file had not come: by what it
said then, and by what came of the recording."""

from collections.abc import Iterable, Sequence

from app.domain.event import Event
from app.domain.recording import Sought


class PlivosRecordings:
    """Of recorded events, those of every kind."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._ready: dict[str, list[Event]] = {}
        self._answers: dict[str, list[Event]] = {}
        for event in events:
            if event.kind == "recording.ready":
                self._ready.setdefault(event.conference, []).append(event)
            elif event.kind == "recordings.sought":
                self._answers.setdefault(event.conference, []).append(event)

    def has_none(self, sought: Sought, now: float) -> bool:
        """Is the recording of this instance missing, asked for at that time (seconds since the
        epoch)? Not one that came afterwards, unless Plivo had said before that it has none; nor one
        of which it could never be found out."""
        answers = _of(sought, self._answers.get(sought.conference, ()))
        none = [one.at for one in answers if not one.data.get("error")]
        came = [one.at for one in _of(sought, self._ready.get(sought.conference, ()))]
        if later := [at for at in came if at >= now]:
            return any(at < min(later) for at in none)
        return bool(none) or not answers


def _of(sought: Sought, events: Sequence[Event]) -> list[Event]:
    """Those of its instance: where one of the two tells no UUID, those since it began."""
    return [
        one
        for one in events
        if one.at >= sought.started_at
        and (not (one.uuid and sought.uuid) or one.uuid == sought.uuid)
    ]
