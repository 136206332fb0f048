"""The catalogue of actions: one entry for each thing a rule can do.

An entry says how its value is written (a marshmallow field, or a schema of them), what it is for,
and all that is to be known of the calls it makes. The loader, the checks, the engine, the outbox,
the JSON Schema, the reference, `gavel test` and the words on the terminal are made from it. How a
call becomes a request is said by the adapter (`workers/plivo/endpoints.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workers.rules.nodes.fields import Choice, Duration, Flag, Plain, Value
from workers.rules.nodes.schema_errors import Block, Strict
from workers.rules.nodes.targets_as_written import HangUp, Members
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
class Verb:
    """One kind of call that an action makes.

    `safe`: repeating it ends in the same state, and nobody hears it twice. `priority`: what the
    account's budget is spent on first (0), and last (2). `members`: "none", "single" (one id or
    `all` per request) or "list" (`10,11,12` in one request). `words` say it to people, if not the
    name does. `sets` are flags of its members, or of the conference, that are so when it is
    through. `for_value` is the value of the action that means this call, when it can mean several.
    `to_web`: it does not go to Plivo, and its run waits for it before it goes on.
    """

    name: str
    safe: bool
    priority: int
    members: str = "none"
    words: str = ""
    sets: Mapping[str, bool] = field(default_factory=dict)
    for_value: str = ""
    to_web: bool = False

    @property
    def said(self) -> str:
        """What it does, in words."""
        return self.words or self.name.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Action:
    """One action. `argument` reads what stands behind its name; `param` is the name of that value
    in `Step.params` unless it is a target or a mapping. `bare` allows nothing to be written.
    `beside` are keys beside it, next to `expires_in` and `on_error`. `calls` are those it may make.
    `expires_in` is the default, in seconds. `needs` are groups of names that its trigger must have,
    with the fields that its call takes along; the first of them must be known. `after_all`: it does
    something also when the conference is over."""

    doc: str
    example: str
    argument: Value
    calls: tuple[Verb, ...] = ()
    param: str = ""
    bare: bool = False
    beside: Mapping[str, Value] = field(default_factory=dict)
    expires_in: float | None = HEARD
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    after_all: bool = False

    @property
    def parts(self) -> Mapping[str, Any]:
        """The keys of its mapping, with their fields; none when it is not written as one."""
        if not isinstance(self.argument, Block):
            return {}
        fields = self.argument.schema().fields
        return {name: part for name, part in fields.items() if name not in BESIDE_EVERY}

    def verb_for(self, value: Any = "") -> Verb:
        """The call that a value means; a value that names none is about members."""
        named = {verb.for_value: verb for verb in self.calls}
        return named.get(value if isinstance(value, str) else "", named[""])


def _members(doc: str) -> Members:
    return Members(doc, required=True)


def _switch(name: str, flag: str, value: bool) -> tuple[Verb, ...]:
    return (Verb(name, safe=True, priority=0, members="list", sets={flag: value}),)


ACTIONS: Mapping[str, Action] = {
    "mute": Action(
        "Members are no longer heard.",
        "mute: member",
        _members("Who."),
        _switch("mute", "muted", True),
    ),
    "unmute": Action(
        "Members are heard again.",
        "unmute: all",
        _members("Who."),
        _switch("unmute", "muted", False),
    ),
    "deaf": Action(
        "Members no longer hear.",
        "deaf: others",
        _members("Who."),
        _switch("deaf", "deaf", True),
    ),
    "undeaf": Action(
        "Members hear again.",
        "undeaf: all",
        _members("Who."),
        _switch("undeaf", "deaf", False),
    ),
    "kick": Action(
        "Members leave the conference; their calls go on with the next element of their XML.",
        'kick: {where: member.from == "+14155550199"}',
        _members("Who."),
        (Verb("kick", safe=True, priority=0, members="single"),),
    ),
    "speak": Action(
        "A voice reads a text to members.",
        'speak: {to: all, text: "This call is being recorded."}',
        Block("What is said, and to whom.", Speak),
        (Verb("speak", safe=False, priority=1, members="list"),),
    ),
    "stop_speak": Action(
        "Stops what `speak` began; name the same members.",
        "stop_speak: all",
        _members("To whom it was spoken."),
        (Verb("stop_speak", safe=True, priority=1, members="list"),),
    ),
    "play": Action(
        "Members hear a sound file.",
        'play: {to: all, url: "https://cdn.example.com/welcome.mp3"}',
        Block("What is played, and to whom.", Play),
        (Verb("play", safe=False, priority=1, members="list"),),
    ),
    "stop_play": Action(
        "Stops what `play` began; name the same members.",
        "stop_play: all",
        _members("To whom it was played."),
        (Verb("stop_play", safe=True, priority=1, members="list"),),
    ),
    "record": Action(
        "Records the conference. Already recording is success.",
        "record: {format: mp3, transcribe: true}",
        Block("How.", Record, optional=True),
        (Verb("record", safe=True, priority=0, sets={"recording": True}),),
        bare=True,
    ),
    "stop_recording": Action(
        "Ends the recording.",
        "stop_recording",
        Block("Nothing more to say.", Strict, optional=True),
        (Verb("stop_recording", safe=True, priority=0, sets={"recording": False}),),
        bare=True,
    ),
    "hang_up": Action(
        "Ends the conference, or the calls of members. `every_conference` ends all conferences "
        "of the account and needs `confirm: true` beside it.",
        "hang_up: conference",
        HangUp("What is hung up.", required=True),
        (
            Verb(
                "hang_up",
                safe=True,
                priority=0,
                words="hang up the conference",
                for_value="conference",
            ),
            Verb("hang_up_member", safe=True, priority=0, members="single", words="hang up"),
            Verb(
                "hang_up_all",
                safe=True,
                priority=0,
                words="hang up every conference",
                for_value="every_conference",
            ),
        ),
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
        after_all=True,
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
        after_all=True,
    ),
    "webhook": Action(
        "Tells another system: a signed POST, retried.",
        'webhook: {url: "https://crm.example.com/calls", json: {room: "{{ conference.name }}"}}',
        Block("What is sent, and where.", Webhook),
        (Verb("webhook", safe=True, priority=2, to_web=True),),
        expires_in=None,
        after_all=True,
    ),
    "archive": Action(
        "Copies the recording to your own storage.",
        'archive: {to: "s3://acme-calls/{{ conference.name }}/{{ recording.id }}.mp3"}',
        Block("Where to.", Archive),
        (Verb("archive", safe=True, priority=2, to_web=True),),
        expires_in=None,
        needs={"recording": ("url", "id", "format")},
        after_all=True,
    ),
    "log": Action(
        "Writes a line into the journal.",
        'log: "{{ member.id }} is here"',
        Templated("The line.", required=True),
        param="text",
        expires_in=None,
        after_all=True,
    ),
}

VERBS: Mapping[str, Verb] = {
    verb.name: verb for action in ACTIONS.values() for verb in action.calls
}
"""Every kind of call, by its name."""

WEB_VERBS = frozenset(name for name, verb in VERBS.items() if verb.to_web)
