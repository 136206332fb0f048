"""The names that rules can see: one entry per field, with its type and its documentation.

Which groups a rule sees depends on its trigger (`workers.rules.vocabulary.triggers`). Those of
`ALWAYS` are there for every trigger.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.facts import FACTS


@dataclass(frozen=True, slots=True)
class Field:
    """`type` is one of text, phone, digits, number, seconds, time, flag, list, members, any.
    `seconds` are durations, `time` is seconds since the epoch; both are numbers. `values` are all
    it can be, when that is known; `meant` are words that people write for it."""

    type: str
    doc: str
    values: tuple[str, ...] = ()
    meant: tuple[str, ...] = ()


MEMBER: Mapping[str, Field] = {
    "id": Field("text", "Plivo's member id, unique within this conference."),
    **{name: Field(fact.type, fact.doc, fact.values, fact.meant) for name, fact in FACTS.items()},
    "muted": Field("flag", "Muted, as far as is known."),
    "deaf": Field("flag", "Deaf, as far as is known."),
    "entered_at": Field("time", "When the member entered.", meant=("joined_at",)),
    "first": Field("flag", "The first member of this conference."),
}

GROUPS: Mapping[str, Mapping[str, Field]] = {
    "conference": {
        "name": Field("text", "The name; in `match`, plain `conference` means it too."),
        "uuid": Field("text", "Plivo's id of this conference instance; names are reused."),
        "started_at": Field("time", "When the first member entered."),
        "elapsed": Field("seconds", "How long it has been live."),
        "limit": Field("seconds", "Its time limit, extensions included; absent without one."),
        "time_left": Field(
            "seconds", "How long until the limit; absent without one.", meant=("remaining",)
        ),
        "member_count": Field("number", "How many members are in it.", meant=("count", "size")),
        "recording": Field("flag", "A recording is running."),
        "members": Field("members", "The members, each with the fields of `member`."),
    },
    "member": MEMBER,
    "recording": {
        "id": Field("text", "Plivo's recording id."),
        "url": Field("text", "Where the file is (or will be) fetched from."),
        "duration": Field("seconds", "How long the recording is.", meant=("length",)),
        "started_at": Field("time", "When the recording began."),
        "ended_at": Field("time", "When the recording ended."),
        "format": Field("text", "`mp3` or `wav`.", ("mp3", "wav")),
        "archived_to": Field("text", "Where `archive` has copied it to; absent before."),
    },
    "transcription": {
        "recording_id": Field("text", "The recording that was transcribed."),
        "text": Field("text", "What was said."),
        "duration": Field("seconds", "How much was transcribed.", meant=("length",)),
        "charge": Field("number", "What Plivo charged."),
        "rate": Field("number", "Plivo's rate."),
        "error": Field(
            "text", "Why it failed (`transcription.failed`).", meant=("reason", "status")
        ),
    },
    "failure": {
        "rule": Field("text", "The name of the rule whose step was given up."),
        "action": Field("text", "What was to be done, such as `speak`."),
        "step": Field("number", "Which step of `do`, counted from 0."),
        "error": Field("text", "Why it was given up.", meant=("reason", "status")),
    },
    "account": {
        "conference_count": Field(
            "number", "How many conferences are live in the account, this one included."
        ),
        "conferences": Field(
            "list", "Their names: of at most 1000, those that began last.", meant=("names",)
        ),
    },
    "trigger": {
        "name": Field("text", "The name the trigger came with."),
    },
    "response": {
        "status": Field(
            "number", "The HTTP status of the last answer; absent where none came.", meant=("code",)
        ),
        "json": Field(
            "any",
            "The JSON of an answer 2xx, as in `response.json.vip`; absent where there is none.",
            meant=("body", "data"),
        ),
    },
    "event": {
        "id": Field("text", "The id of the event, the same as in the journal."),
        "received_at": Field("time", "When the event was accepted."),
    },
}

SINGLE: Mapping[str, Field] = {
    "digits": Field("digits", "The digits that were pressed."),
    "data": Field("any", "What the trigger's sender put into `data`; any field may be absent."),
    "lists": Field("any", "The lists of the file: `lists.hosts`."),
    "awaited": Field("any", "What a `wait_for` waited for: `awaited.digits`, `awaited.member.id`."),
    "vars": Field("any", "What rules have set of the file's `vars`: `vars.raised`."),
    "now": Field("time", "The time of the decision."),
}

ALWAYS = ("conference", "event", "lists", "vars", "now", "account")

AFTER_STEPS: Mapping[str, str] = {
    "response": "webhook",
    "awaited": "wait_for",
    "recording": "record",
}
"""Names that a step brings for those after it; `recording` is known of some triggers as well."""

ANSWERS: Mapping[str, str] = {step: name for name, step in AFTER_STEPS.items() if name != "awaited"}
"""Steps whose answer is seen by those after it, with its name."""

OF_RECORD = frozenset({"id"})
"""The fields of `recording` that the step `record` brings."""
