"""The catalogue of triggers: one row for each thing a rule can wait for.

The loader, the checks, the engine, the index, `gavel test` and `gavel replay`, the JSON Schema, the
reference and the words on the terminal are made from these rows. How Plivo tells of it is said by
the receiver (`app/plivo/parse.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workers.rules.vocabulary.events import INNER, EventKind, of_member, of_recording
from workers.rules.vocabulary.names import ALWAYS


@dataclass(frozen=True, slots=True)
class Kind:
    """One trigger.

    `parameter` is none, duration, digits, name, count or cron; `needs` tells whether it must be
    written, `shortest` is the least duration, in seconds. `sees` lists the groups of names beside
    those always there; `member` tells whether it is about a member: "always", "left", "maybe" or
    "never". `event` is the event of its name; without one it follows from others. `since` is what
    its time is counted from: "start", "limit" (before it), "alone", "end" or "clock"; `repeats`:
    again and again. `over`: the conference is over by then. `known` are names whose value is
    certain, `equals` the name that equals the parameter. `asks` is the option of `conferences` by
    which Plivo reports it.
    """

    doc: str
    example: str
    parameter: str = "none"
    needs: bool = True
    sees: tuple[str, ...] = ()
    member: str = "never"
    event: EventKind | None = None
    shortest: float = 0.001
    since: str = ""
    repeats: bool = False
    over: bool = False
    known: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    equals: tuple[str, ...] = ()
    asks: str = ""

    @property
    def names(self) -> frozenset[str]:
        """The first parts of the names that a rule with this trigger can see."""
        own = () if self.member == "never" else ("member",)
        return frozenset((*ALWAYS, *self.sees, *own))


KINDS: Mapping[str, Kind] = {
    "conference.started": Kind(
        "The first member is in. Once per conference instance.", "when: conference.started"
    ),
    "conference.ended": Kind(
        "Nobody is in it any more, or Plivo no longer knows it. Once per conference instance.",
        "when: conference.ended",
        over=True,
        known={"conference": {"member_count": 0, "recording": False}},
    ),
    "member.entered": Kind(
        "A member entered.",
        "when: member.entered",
        member="always",
        event=of_member("entered", "{who} entered", first="flag"),
    ),
    "member.exited": Kind(
        "A member left.",
        "when: member.exited",
        member="left",
        event=of_member("exited", "{who} left", last="flag"),
    ),
    "member.digits": Kind(
        "A member pressed these digits; without digits: any that Plivo reports.",
        'when: {member.digits: "*1"}',
        parameter="digits",
        needs=False,
        sees=("digits",),
        member="always",
        event=of_member("heard", "{who} pressed {digits}", brief=True, digits="text!"),
        equals=("digits",),
        asks="digits_match",
    ),
    "member.speaking": Kind(
        "A member took the floor, that is, began to speak.",
        "when: member.speaking",
        member="always",
        event=of_member("heard", "{who} has the floor", brief=True),
        asks="floor_event",
    ),
    "member.alone": Kind(
        "One member has been alone for that long without a break.",
        "when: {member.alone: 10m}",
        parameter="duration",
        member="always",
        since="alone",
        known={"conference": {"member_count": 1}},
    ),
    "conference.elapsed": Kind(
        "That long after the start.",
        "when: {conference.elapsed: 1h}",
        parameter="duration",
        since="start",
    ),
    "conference.time_left": Kind(
        "That long before its limit; moves when the limit is extended.",
        "when: {conference.time_left: 5m}",
        parameter="duration",
        since="limit",
    ),
    "conference.every": Kind(
        "Again and again after that long, while the conference is live.",
        "when: {conference.every: 15m}",
        parameter="duration",
        shortest=1.0,
        since="start",
        repeats=True,
    ),
    "conference.members": Kind(
        "The number of members comes to N, or crosses it: `{above: N}` or `{below: N}`.",
        "when: {conference.members: {above: 10}}",
        parameter="count",
    ),
    "recording.started": Kind(
        "A recording began; its file is not there yet. Once per recording.",
        "when: recording.started",
        sees=("recording",),
        event=of_recording(1, "the recording began", recording_id="text", url="text"),
    ),
    "recording.ready": Kind(
        "A recording is finished and can be fetched. Once per recording.",
        "when: recording.ready",
        sees=("recording",),
        event=of_recording(
            2,
            "the recording is ready{length}",
            {
                "url": "https://media.example.com/{recording_id}.mp3",
                "duration": 60.0,
                "format": "mp3",
            },
            recording_id="text",
            url="text",
            duration="seconds",
            format="text",
        ),
    ),
    "recording.missing": Kind(
        "No `recording.ready` that long after a conference ended that was being recorded, and "
        "Plivo, which is asked then, has no file of it.",
        "when: {recording.missing: 10m}",
        parameter="duration",
        since="end",
        over=True,
    ),
    "transcription.ready": Kind(
        "The transcript of a recording arrived.",
        "when: transcription.ready",
        sees=("recording", "transcription"),
        event=of_recording(
            4,
            "the transcript is there",
            recording_id="text!",
            text="text!",
            duration="seconds",
        ),
    ),
    "transcription.failed": Kind(
        "Plivo could not transcribe a recording.",
        "when: transcription.failed",
        sees=("recording", "transcription"),
        event=of_recording(8, "no transcript: {error}", recording_id="text!", error="text!"),
    ),
    "trigger": Kind(
        "`POST /triggers/<name>`, or the action `trigger`. The sender may name a member.",
        "when: {trigger: vip-arrived}",
        parameter="name",
        sees=("trigger", "data"),
        member="maybe",
        event=EventKind(
            "triggered",
            {"name": "text!", "member_id": "text", "data": "mapping", "chain": "number"},
            "trigger {name}",
            {"data": {}, "chain": 0},
        ),
        equals=("trigger", "name"),
    ),
    "schedule": Kind(
        "By the clock, in the file's `timezone`: minute, hour, day of month, month, day of week. "
        "Runs once for each live conference that `match` names.",
        'when: {schedule: "0 18 * * mon-fri"}',
        parameter="cron",
        event=EventKind(
            "due",
            {"rule": "text!", "trigger": "number!"},
            "the clock: a schedule came due",
            own=True,
        ),
        since="clock",
        repeats=True,
    ),
    "action.failed": Kind(
        "A call or a webhook was given up. A `set` that fails, or a text without an answer, is "
        "told by the journal only. The failure of a rule that waits for this does not trigger it.",
        "when: action.failed",
        sees=("failure",),
        event=EventKind(
            "failed",
            {"run": "text!", "step": "number!"},
            "{verb} was given up: {error}",
            own=True,
        ),
    ),
}

SEEN = frozenset(name for kind in KINDS.values() for name in kind.names)
"""The groups of names that some trigger has."""

EVENTS: Mapping[str, EventKind] = {
    **{name: kind.event for name, kind in KINDS.items() if kind.event is not None},
    **INNER,
}
"""Every kind of event there is."""
