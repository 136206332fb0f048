"""The catalogue of triggers: one row for each thing a rule can wait for.

The loader, the checks, the JSON Schema and the reference are made from these rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from workers.rules.vocabulary.names import ALWAYS


@dataclass(frozen=True, slots=True)
class Kind:
    """One trigger. `parameter` is none, duration, digits, name, count or cron; `needs` tells
    whether it must be written; `sees` lists the groups of names beside those always there;
    `member` tells whether it is about a member: "always", "maybe" or "never"."""

    doc: str
    example: str
    parameter: str = "none"
    needs: bool = True
    sees: tuple[str, ...] = ()
    member: str = "never"

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
    ),
    "member.entered": Kind("A member entered.", "when: member.entered", member="always"),
    "member.exited": Kind("A member left.", "when: member.exited", member="always"),
    "member.digits": Kind(
        "A member pressed these digits; without digits: any that Plivo reports.",
        'when: {member.digits: "*1"}',
        parameter="digits",
        needs=False,
        sees=("digits",),
        member="always",
    ),
    "member.speaking": Kind(
        "A member took the floor, that is, began to speak.",
        "when: member.speaking",
        member="always",
    ),
    "member.alone": Kind(
        "One member has been alone for that long without a break.",
        "when: {member.alone: 10m}",
        parameter="duration",
        member="always",
    ),
    "conference.elapsed": Kind(
        "That long after the start.", "when: {conference.elapsed: 1h}", parameter="duration"
    ),
    "conference.time_left": Kind(
        "That long before its limit; moves when the limit is extended.",
        "when: {conference.time_left: 5m}",
        parameter="duration",
    ),
    "conference.every": Kind(
        "Again and again after that long, while the conference is live.",
        "when: {conference.every: 15m}",
        parameter="duration",
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
    ),
    "recording.ready": Kind(
        "A recording is finished and can be fetched. Once per recording.",
        "when: recording.ready",
        sees=("recording",),
    ),
    "recording.missing": Kind(
        "No `recording.ready` that long after a conference ended that was being recorded.",
        "when: {recording.missing: 10m}",
        parameter="duration",
    ),
    "transcription.ready": Kind(
        "The transcript of a recording arrived.",
        "when: transcription.ready",
        sees=("transcription",),
    ),
    "transcription.failed": Kind(
        "Plivo could not transcribe a recording.",
        "when: transcription.failed",
        sees=("transcription",),
    ),
    "trigger": Kind(
        "`POST /triggers/<name>`, or the action `trigger`. The sender may name a member.",
        "when: {trigger: vip-arrived}",
        parameter="name",
        sees=("trigger", "data"),
        member="maybe",
    ),
    "schedule": Kind(
        "By the clock, in the file's `timezone`: minute, hour, day of month, month, day of week. "
        "Runs once for each live conference that `match` names.",
        'when: {schedule: "0 18 * * mon-fri"}',
        parameter="cron",
    ),
    "action.failed": Kind(
        "A step was given up. The failure of a rule that waits for this does not trigger it.",
        "when: action.failed",
        sees=("failure",),
    ),
}
