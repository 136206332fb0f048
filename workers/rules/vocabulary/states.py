"""The catalogue of what a rule can ensure: one row for each state that is held as it shall be.

The loader, the checks, the engine, the JSON Schema and the reference are made from these rows. What
brings a state about is the call of `workers.rules.vocabulary.actions` that sets its flag.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError

from app.yaml.schema_errors import describe
from app.yaml.schema_fields import FLAGS, Choice, Flag, Json, Value, kind_of
from app.yaml.tree import Map, Text
from workers.rules.nodes.targets_as_written import Members, TargetSpec
from workers.rules.vocabulary.actions import VERBS
from workers.rules.vocabulary.keyed import Keyed


class Whose(Members):
    """`true` for every member, or `{where: EXPRESSION}`."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> TargetSpec:
        if isinstance(value, Map):
            return self._where(value)
        if isinstance(value, Text) and value.lower() in ("true", "yes"):
            return TargetSpec("all", value)
        said = "expected `true` (every member) or {where: EXPRESSION}, not "
        hint = "; leave it out, or ensure the contrary" if value in ("false", "no") else ""
        raise ValidationError(said + kind_of(value) + hint)

    def json_schema(self) -> Json:
        where = {
            "type": "object",
            "properties": {"where": {"type": "string"}},
            "required": ["where"],
            "additionalProperties": False,
        }
        return {"anyOf": [{"enum": [True, "yes"]}, where]}


class How(Keyed):
    format = Choice("The file; mp3 if not given.", "mp3", "wav")
    transcribe = Flag("Have Plivo transcribe it: `transcription.ready` comes later.")


class Running(Value):
    """`true`, `false`, or how: a mapping. As a flag, and the parameters of the call."""

    def _deserialize(
        self, value: Any, attr: Any, data: Any, **_: Any
    ) -> tuple[bool, dict[str, Any]]:
        if isinstance(value, Map):
            return True, dict(How().load(dict(value.items())))
        if isinstance(value, Text) and value.lower() in ("true", "yes", "false", "no"):
            return value.lower() in ("true", "yes"), {}
        keys = ", ".join(How().fields)
        raise ValidationError(
            f"expected true, false or a mapping with {keys}, not {kind_of(value)}"
        )

    def json_schema(self) -> Json:
        return {"anyOf": [{"enum": list(FLAGS)}, describe(How)]}


@dataclass(frozen=True, slots=True)
class State:
    """`flag` is that of a member, or of the conference, which is held at `value`; None: as the rule
    says."""

    doc: str
    example: str
    argument: Value
    flag: str
    value: bool | None


STATES: Mapping[str, State] = {
    "muted": State(
        "They are not heard.",
        'muted: {where: member.role == "guest"}',
        Whose("Who is muted."),
        "muted",
        True,
    ),
    "unmuted": State(
        "They are heard.",
        'unmuted: {where: member.role == "host"}',
        Whose("Who is not muted."),
        "muted",
        False,
    ),
    "deaf": State(
        "They do not hear.",
        "deaf: {where: member.id in vars.outside}",
        Whose("Who is deaf."),
        "deaf",
        True,
    ),
    "undeaf": State("They hear.", "undeaf: true", Whose("Who is not deaf."), "deaf", False),
    "recording": State(
        "`true`, or a mapping that says how: a recording runs while the conference is live. "
        "`false`: none runs.",
        "recording: {format: mp3}",
        Running("Whether a recording runs."),
        "recording",
        None,
    ),
}

SETTING: Mapping[tuple[str, bool], str] = {
    (flag, value): verb.name for verb in VERBS.values() for flag, value in verb.sets.items()
}
"""By flag and value, the call after which it is so."""

WORDS: Mapping[tuple[str, bool], tuple[str, str]] = {
    ("muted", True): ("muted", "mutes {whom}"),
    ("muted", False): ("not muted", "unmutes {whom}"),
    ("deaf", True): ("deaf", "makes {whom} deaf"),
    ("deaf", False): ("not deaf", "makes {whom} hear"),
    ("recording", True): ("recorded", "records"),
    ("recording", False): ("not recorded", "ends the recording"),
}
"""By flag and value: how that is called, and what somebody does who brings it about."""

ENSURE = Keyed.from_dict({name: state.argument for name, state in STATES.items()})
"""What stands under `ensure`."""
