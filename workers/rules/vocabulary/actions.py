"""The catalogue of actions: one entry for each thing a rule can do.

An entry says how its value is written (a marshmallow field, or a schema of them), what it is for,
and all that is to be known of the calls it makes. The loader, the checks, the engine, the outbox,
the JSON Schema, the reference, `gavel test`, the words on the terminal and the requests to Plivo
are made from it.
"""

from collections.abc import Mapping

from app.yaml.schema_errors import Block
from app.yaml.schema_fields import Duration, Flag, Plain
from workers.rules.nodes.nested_as_written import Branches, Nested, WaitFor
from workers.rules.nodes.targets_as_written import HangUp, Members
from workers.rules.nodes.templates_as_written import Assignments, FreeMapping, Templated
from workers.rules.vocabulary.action import Action, Request, Verb
from workers.rules.vocabulary.arguments import Archive, Play, Record, Speak, Webhook
from workers.rules.vocabulary.keyed import Keyed

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


def _members(doc: str) -> Members:
    return Members(doc, required=True)


def _post(suffix: str, *same: str, **body: str) -> Request:
    """`same` are parameters that Plivo calls as we do."""
    return Request("POST", suffix, {**{name: name for name in same}, **body})


def _delete(suffix: str = "") -> Request:
    return Request("DELETE", suffix)


def _switch(name: str, request: Request, flag: str, value: bool) -> tuple[Verb, ...]:
    return (Verb(name, safe=True, priority=0, members="list", sets={flag: value}, request=request),)


ACTIONS: Mapping[str, Action] = {
    "mute": Action(
        "Members are no longer heard.",
        "mute: member",
        _members("Who."),
        _switch("mute", _post("Mute/"), "muted", True),
    ),
    "unmute": Action(
        "Members are heard again.",
        "unmute: all",
        _members("Who."),
        _switch("unmute", _delete("Mute/"), "muted", False),
    ),
    "deaf": Action(
        "Members no longer hear.",
        "deaf: others",
        _members("Who."),
        _switch("deaf", _post("Deaf/"), "deaf", True),
    ),
    "undeaf": Action(
        "Members hear again.",
        "undeaf: all",
        _members("Who."),
        _switch("undeaf", _delete("Deaf/"), "deaf", False),
    ),
    "kick": Action(
        "Members leave the conference; their calls go on with the next element of their XML.",
        'kick: {where: member.from == "+14155550199"}',
        _members("Who."),
        (Verb("kick", safe=True, priority=0, members="single", request=_post("Kick/")),),
    ),
    "speak": Action(
        "A voice reads a text to members.",
        'speak: {to: all, text: "This call is being recorded."}',
        Block("What is said, and to whom.", Speak),
        (
            Verb(
                "speak",
                safe=False,
                priority=1,
                members="list",
                request=_post("Speak/", "text", "voice", "language"),
            ),
        ),
    ),
    "stop_speak": Action(
        "Stops what `speak` began; name the same members.",
        "stop_speak: all",
        _members("To whom it was spoken."),
        (Verb("stop_speak", safe=True, priority=1, members="list", request=_delete("Speak/")),),
    ),
    "play": Action(
        "Members hear a sound file.",
        'play: {to: all, url: "https://cdn.example.com/welcome.mp3"}',
        Block("What is played, and to whom.", Play),
        (Verb("play", safe=False, priority=1, members="list", request=_post("Play/", "url")),),
    ),
    "stop_play": Action(
        "Stops what `play` began; name the same members.",
        "stop_play: all",
        _members("To whom it was played."),
        (Verb("stop_play", safe=True, priority=1, members="list", request=_delete("Play/")),),
    ),
    "record": Action(
        "Records the conference. While a recording is running it is done without a call. The steps "
        "after it see its id as `recording.id`.",
        "record: {format: mp3, transcribe: true}",
        Block("How.", Record, optional=True),
        (
            Verb(
                "record",
                safe=True,
                priority=0,
                sets={"recording": True},
                request=_post("Record/", format="file_format"),
            ),
        ),
        bare=True,
    ),
    "stop_recording": Action(
        "Ends the recording.",
        "stop_recording",
        Block("Nothing more to say.", Keyed, optional=True),
        (
            Verb(
                "stop_recording",
                safe=True,
                priority=0,
                sets={"recording": False},
                request=_delete("Record/"),
            ),
        ),
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
                request=_delete(),
            ),
            Verb(
                "hang_up_member",
                safe=True,
                priority=0,
                members="single",
                words="hang up",
                request=_delete(),
            ),
            Verb(
                "hang_up_all",
                safe=True,
                priority=0,
                words="hang up every conference",
                for_value="every_conference",
                account=True,
                request=_delete(),
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
        by_hand=False,
    ),
    "trigger": Action(
        "Runs the rules that wait for the trigger of that name, for this conference. At most 8 "
        "follow from one another, and 256 from one event; the next is refused.",
        "trigger: floor-opened",
        Plain(
            "The name.",
            shape=_NAME,
            expected="a name, with `data` beside it if need be",
            required=True,
        ),
        param="name",
        beside={
            "data": FreeMapping("What those rules see as `data`."),
            "conference": Templated(
                "The name of another conference that is meant; this one if not given. There it "
                "comes as if your system had sent it, and triggers nothing more."
            ),
        },
        expires_in=None,
        after_all=True,
    ),
    "webhook": Action(
        "Tells another system, or asks it: a signed POST, retried. The steps after it see what was "
        "answered as `response`.",
        'webhook: {url: "https://crm.example.com/calls", json: {room: "{{ conference.name }}"}}',
        Block("What is sent, and where.", Webhook),
        (Verb("webhook", safe=True, priority=2, to_web=True),),
        expires_in=None,
        after_all=True,
        by_hand=False,
    ),
    "archive": Action(
        "Copies the recording, and its transcript beside it; the rest of `do` goes on when the "
        "copy is there.",
        'archive: {to: "s3://acme-calls/{{ conference.name }}/{{ recording.id }}.mp3"}',
        Block("Where it is copied to.", Archive),
        (Verb("archive", safe=True, priority=2, to_web=True, long=True),),
        expires_in=None,
        after_all=True,
        by_hand=False,
        carries=("recording",),
    ),
    "set": Action(
        "Remembers values for this conference, in `vars` that the top of the file declares. What "
        "comes after it sees them.",
        'set: {raised: "{{ vars.raised + [member.id] }}"}',
        Assignments("Names of `vars`, with their new values.", required=True),
        param="values",
        expires_in=None,
        by_hand=False,
    ),
    "choose": Action(
        "Takes the first branch whose `if` holds, or the steps of `else`; then the rest of `do` "
        "goes on. A condition that can not be answered stops the run; with `on_error: continue` "
        "neither a branch nor `else` is taken, and the rest of `do` goes on.",
        "choose: [{if: conference.member_count > 5, do: [record]}]",
        Branches("The branches, each with `if` and `do`.", required=True),
        param="branches",
        beside={"else": Nested("The steps when no `if` holds.")},
        expires_in=None,
        after_all=True,
        by_hand=False,
    ),
    "wait_for": Action(
        "The rest of `do` goes on when something happens in this conference, whatever restarts in "
        "between. When it has not come by `timeout`, the steps of `else` are taken instead, and "
        "the run ends. So it does with its conference, unless it waits for what comes after that. "
        "What comes at the very moment of `timeout` is too late.",
        'wait_for: {when: {member.digits: "1"}, by: member, timeout: 30s}',
        Block("What it waits for.", WaitFor),
        beside={"else": Nested("The steps when it does not come in time.")},
        expires_in=None,
        after_all=True,
        by_hand=False,
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

CALLS: Mapping[str, Mapping[str, Verb]] = {
    name: {verb.for_value: verb for verb in action.calls} for name, action in ACTIONS.items()
}
"""By action, the call that a value of it means; "" stands for all values that are not there."""

VERBS: Mapping[str, Verb] = {
    verb.name: verb for action in ACTIONS.values() for verb in action.calls
}
"""Every kind of call, by its name."""

BY_HAND = tuple(name for name, action in ACTIONS.items() if action.by_hand)
"""What a person may ask for. A webhook would be signed with a secret of ours for whoever asks, a
copy would go wherever they say, nothing follows a wait, and what rules remember is theirs."""

WEB_VERBS = frozenset(name for name, verb in VERBS.items() if verb.to_web)
