"""The catalogue of actions: one entry for each thing a rule can do.

An entry says how its value is written (a marshmallow field, or a schema of them), which calls it
makes, and what it is for. The loader, the checks, the JSON Schema and the reference are made
from these entries.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workers.rules.language.targets import HangUp, Members
from workers.rules.nodes.fields import Choice, Duration, Flag, Plain, Value
from workers.rules.nodes.schema_errors import Block, Strict
from workers.rules.nodes.templates_as_written import Free, FreeMapping, Headers, Templated

HEARD = 60.0  # seconds after which what people hear or feel comes too late
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_LANGUAGE = r"[a-z]{2,3}-[A-Z]{2}(-[A-Z]+)?|arb"
_WEB = {"schemes": ("http://", "https://")}


BESIDE_EVERY: Mapping[str, Value] = {
    "expires_in": Duration(
        "Not done when it is later than this, but recorded. 60s for what people hear or feel.",
        never=True,
    ),
    "on_error": Choice("After a failure: stop this run, or continue.", "stop", "continue"),
}


class Arguments(Strict):
    """What an action takes as a mapping. What goes beside any action may stand here as well."""

    expires_in = BESIDE_EVERY["expires_in"]
    on_error = BESIDE_EVERY["on_error"]


class Speak(Arguments):
    to = Members("Who hears it.", required=True)
    text = Templated("What is said.", required=True)
    voice = Choice("The voice; WOMAN if not given.", "MAN", "WOMAN")
    language = Plain(
        "The language; en-US if not given.", shape=_LANGUAGE, expected="a language like en-US"
    )


class Play(Arguments):
    to = Members("Who hears it.", required=True)
    url = Templated(
        "The sound: an .mp3 or .wav that Plivo can fetch.",
        required=True,
        expected="an http or https address",
        endings=(".mp3", ".wav"),
        **_WEB,
    )


class Record(Arguments):
    format = Choice("The file; mp3 if not given.", "mp3", "wav")
    transcribe = Flag("Have Plivo transcribe it: `transcription.ready` comes later.")


class Secret(Strict):
    env = Plain(
        "The environment variable that holds the secret.",
        shape=r"[A-Z_][A-Z0-9_]*",
        expected="the name of an environment variable, such as CRM_WEBHOOK_SECRET",
        required=True,
    )


class SecretName(Block):
    """`{env: NAME}`, as the name."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> str:
        return str(super()._deserialize(value, attr, data, **options)["env"])


class Webhook(Arguments):
    url = Templated("Where to POST.", required=True, expected="an http or https address", **_WEB)
    json = Free("The body, as JSON. Without it: the event.")
    headers = Headers("Headers to add.")
    secret = SecretName(
        "Signs the request (Standard Webhooks) with this secret.", Secret, attribute="secret_env"
    )


class Archive(Arguments):
    to = Templated(
        "Where the recording is copied to.",
        required=True,
        schemes=("s3://", "gs://", "file://", "https://"),
        expected="an address that starts with s3://, gs://, file:// or https://",
    )


@dataclass(frozen=True, slots=True)
class Action:
    """One action. `argument` reads what stands behind its name; `param` is the name of that value
    in `Step.params` unless it is a target or a mapping. `bare` allows nothing to be written.
    `beside` are keys beside it, next to `expires_in` and `on_error`. `verbs` are the calls it
    makes. `expires_in` is the default, in seconds."""

    doc: str
    example: str
    argument: Value
    verbs: tuple[str, ...] = ()
    param: str = ""
    bare: bool = False
    beside: Mapping[str, Value] = field(default_factory=dict)
    expires_in: float | None = HEARD
    needs: tuple[str, ...] = ()  # groups of names that its trigger must have


def _members(doc: str) -> Members:
    return Members(doc, required=True)


ACTIONS: Mapping[str, Action] = {
    "mute": Action("Members are no longer heard.", "mute: member", _members("Who."), ("mute",)),
    "unmute": Action("Members are heard again.", "unmute: all", _members("Who."), ("unmute",)),
    "deaf": Action("Members no longer hear.", "deaf: others", _members("Who."), ("deaf",)),
    "undeaf": Action("Members hear again.", "undeaf: all", _members("Who."), ("undeaf",)),
    "kick": Action(
        "Members leave the conference; their calls go on with the next element of their XML.",
        'kick: {where: member.from == "+14155550199"}',
        _members("Who."),
        ("kick",),
    ),
    "speak": Action(
        "A voice reads a text to members.",
        'speak: {to: all, text: "This call is being recorded."}',
        Block("What is said, and to whom.", Speak),
        ("speak",),
    ),
    "stop_speak": Action(
        "Stops what `speak` began; name the same members.",
        "stop_speak: all",
        _members("To whom it was spoken."),
        ("stop_speak",),
    ),
    "play": Action(
        "Members hear a sound file.",
        'play: {to: all, url: "https://cdn.example.com/welcome.mp3"}',
        Block("What is played, and to whom.", Play),
        ("play",),
    ),
    "stop_play": Action(
        "Stops what `play` began; name the same members.",
        "stop_play: all",
        _members("To whom it was played."),
        ("stop_play",),
    ),
    "record": Action(
        "Records the conference. Already recording is success.",
        "record: {format: mp3, transcribe: true}",
        Block("How.", Record, optional=True),
        ("record",),
        bare=True,
    ),
    "stop_recording": Action(
        "Ends the recording.",
        "stop_recording",
        Block("Nothing more to say.", Strict, optional=True),
        ("stop_recording",),
        bare=True,
    ),
    "hang_up": Action(
        "Ends the conference, or the calls of members. `every_conference` ends all conferences "
        "of the account and needs `confirm: true` beside it.",
        "hang_up: conference",
        HangUp("What is hung up.", required=True),
        ("hang_up", "hang_up_member", "hang_up_all"),
        param="what",
        beside={"confirm": Flag("Needed for `every_conference`.")},
    ),
    "extend": Action(
        "Moves the time limit of this conference.",
        "extend: 5m",
        Duration("By how much.", required=True),
        param="duration",
        expires_in=None,
    ),
    "wait": Action(
        "The rest of `do` goes on later, whatever restarts in between.",
        "wait: 10s",
        Duration("How long.", required=True),
        param="duration",
        expires_in=None,
    ),
    "trigger": Action(
        "Runs the rules that wait for the trigger of that name, for this conference.",
        "trigger: floor-opened",
        Plain(
            "The name.",
            shape=_NAME,
            expected="a name, with `data` beside it if need be",
            required=True,
        ),
        param="name",
        beside={"data": FreeMapping("What those rules see as `data`.")},
        expires_in=None,
    ),
    "webhook": Action(
        "Tells another system: a signed POST, retried.",
        'webhook: {url: "https://crm.example.com/calls", json: {room: "{{ conference.name }}"}}',
        Block("What is sent, and where.", Webhook),
        ("webhook",),
        expires_in=None,
    ),
    "archive": Action(
        "Copies the recording to your own storage.",
        'archive: {to: "s3://acme-calls/{{ conference.name }}/{{ recording.id }}.mp3"}',
        Block("Where to.", Archive),
        ("archive",),
        expires_in=None,
        needs=("recording",),
    ),
    "log": Action(
        "Writes a line into the journal.",
        'log: "{{ member.id }} is here"',
        Templated("The line.", required=True),
        param="text",
        expires_in=None,
    ),
}
