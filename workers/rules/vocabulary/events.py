"""What is known of a kind of event, and the kinds that no rule waits for.

A row of `workers.rules.vocabulary.triggers` whose event comes as such has its `EventKind` itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.domain.facts import FACTS


@dataclass(frozen=True, slots=True)
class EventKind:
    """One kind of event.

    `read_as` names the transition of the engine that reads it, "" when nothing is decided. `data`
    are its fields: text, flag, mapping, rows, seconds or number, with `!` when they must be there.
    `words` tell people what happened, with its data in braces; "" says nothing. `sample` is what a
    test need not write. `own`: the engine makes it, so tests and replays do not bring it. `brief`:
    the same may truly happen again two seconds later. `mark` is its bit in what is remembered of a
    recording.
    """

    read_as: str
    data: Mapping[str, str] = field(default_factory=dict)
    words: str = ""
    sample: Mapping[str, Any] = field(default_factory=dict)
    own: bool = False
    brief: bool = False
    mark: int = 0


def of_member(read_as: str, words: str, *, brief: bool = False, **more: str) -> EventKind:
    """One about a member; `more` are its data beside who that is."""
    data = {"member_id": "text!", **more, **dict.fromkeys(FACTS, "text")}
    return EventKind(read_as, data, words, {"call_uuid": "call-{member_id}"}, brief=brief)


def of_recording(
    mark: int, words: str, sample: Mapping[str, Any] | None = None, **data: str
) -> EventKind:
    """One about a recording, told once."""
    return EventKind("recorded", data, words, sample or {}, mark=mark)


INNER: Mapping[str, EventKind] = {
    "timer": EventKind(
        "due", {"timer": "text!", "due": "number", "what": "text"}, "time: {what}", own=True
    ),
    "conference.observed": EventKind(
        "observed", {"gone": "flag", "run_time": "seconds", "members": "rows"}
    ),
    "step.done": EventKind(
        "stepped", {"run": "text!", "step": "number!", "response": "mapping"}, own=True
    ),
    "record.answered": EventKind("answered", {"call": "text!", "already": "flag"}, own=True),
    "recordings.sought": EventKind(
        "sought",
        {"number": "number!", "said": "text"},
        "Plivo was asked for the recording: {said}",
        {"said": "it has none"},
        own=True,
    ),
    "operator.acted": EventKind(
        "acted",
        {
            "do": "mapping!",
            "operator": "text",
            "how": "text",
            "asked": "text",
            "reason": "text",
        },
        "by hand, {operator} ({how}): {asked}{because}",
        {"operator": "somebody", "how": "cli"},
    ),
    "call.retry": EventKind("", {"call": "mapping"}, "somebody asked for a call again", own=True),
    "rules.changed": EventKind("", {"said": "text"}, "the rules changed: {said}", own=True),
    "door.closed": EventKind(
        "",
        {"tries": "number!", "minutes": "number!", "from": "text"},
        "{tries} wrong PINs within {minutes} minutes: nobody gets in by a PIN for a while",
        own=True,
    ),
    "door.closed_to_caller": EventKind(
        "",
        {"tries": "number!", "minutes": "number!", "from": "text"},
        "{tries} wrong PINs of {from} within {minutes} minutes: "
        "no PIN lets this caller in for a while",
        own=True,
    ),
    "callback.unknown": EventKind("", words="a callback that is no event: {action}"),
}
"""`conference.observed`: Plivo's own list was read. `operator.acted`: a person asks for one step of
`do`; who, how they came, the step in words, and why. `record.answered`: Plivo's answer to a
record call, with the id of the recording where it tells it; `already`: it began none.
`recordings.sought`: Plivo was asked for the recordings of an instance (`number`); those that it
has came as `recording.ready` before, `error` says why it could not be asked. `step.done`: a
webhook or archive that a run waited for is through, with what its receiver answered where steps
ask. `callback.unknown`: a callback that Gavel does not know; kept only. `door.closed`,
`door.closed_to_caller`: there were too many wrong PINs, of all or of one; kept only."""
