"""The shape of a rules file: which keys there are, and how each is written."""

from typing import ClassVar

from app.callers.joining import COUNT, ROLE
from workers.rules.language import joining
from workers.rules.language.asking import AskPin, Pin
from workers.rules.language.declared import VarEntry
from workers.rules.language.elements import Address, Steps, Windows, Words
from workers.rules.language.matched_key import OPERATORS
from workers.rules.nodes.schema_errors import Block, Strict, describe, described
from workers.rules.nodes.schema_fields import (
    Choice,
    Duration,
    ExpressionText,
    Flag,
    Json,
    Plain,
    Raw,
    Texts,
    Whole,
    Zone,
)
from workers.rules.vocabulary import actions, names, triggers
from workers.rules.vocabulary.action import BESIDE_EVERY


def trigger_schema() -> Json:
    """The JSON Schema of one trigger: a name alone, or a mapping from a name to its parameter."""
    bare = [
        name for name, kind in triggers.KINDS.items() if kind.parameter == "none" or not kind.needs
    ]
    properties = {
        name: {"description": kind.doc, **_PARAMETERS[kind.parameter]}
        for name, kind in triggers.KINDS.items()
        if kind.parameter != "none"
    }
    mapping = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    return {"anyOf": [{"enum": bare}, mapping]}


_PARAMETERS: dict[str, Json] = {
    "duration": Duration().json_schema(),
    "digits": {"type": ["string", "integer"]},
    "name": {"type": "string"},
    "cron": {"type": "string"},
    "count": {
        "anyOf": [
            {"type": "integer", "minimum": 0},
            {
                "type": "object",
                "properties": {"above": {"type": "integer"}, "below": {"type": "integer"}},
                "additionalProperties": False,
                "minProperties": 1,
                "maxProperties": 1,
            },
        ]
    },
}


def step_schema() -> Json:
    """The JSON Schema of one step of `do`."""
    forms: list[Json] = [{"enum": [name for name, entry in actions.ACTIONS.items() if entry.bare]}]
    for name, entry in actions.ACTIONS.items():
        properties = {name: {**described(entry.argument), "description": entry.doc}}
        for key, field in {**entry.beside, **BESIDE_EVERY}.items():
            properties[key] = described(field)
        forms.append(
            {
                "type": "object",
                "properties": properties,
                "required": [name],
                "additionalProperties": False,
            }
        )
    return {"anyOf": forms}


class LimitEntry(Strict):
    match = Raw("The conferences it is for; only `conference`.", described={"type": "object"})
    duration = Duration("How long the conference may last.", required=True, low=1)
    hang_up = Flag("Hang the conference up then; true if not given.")


class Action(Address):
    redirect = Flag("The call goes on with the XML of this address; false if not given.")


class AnswerEntry(Strict):
    match = Raw(
        "The conferences and callers it is for; everybody if not given.",
        described={"type": "object"},
    )
    role = Plain(
        "What these callers are, a word of yours: rules see it as `member.role`.",
        shape=ROLE.pattern,
        expected="a word of letters, digits, - and _",
    )
    schedule = Windows(
        "The hours in which the entry holds, by the clock of `timezone`: `mon-fri 09:00-17:00`, "
        "`22:00-06:00`, or a list; always if not given."
    )
    refuse = Words(
        "Turn these callers away with these words: a text, or `text`, `voice`, `language`."
    )
    ask_pin = Pin(
        "Ask for a PIN first: `is: {env: NAME}`, or `roles` with one for each role; `prompt`, and "
        "`tries`, `digits`, `wrong`, `closed`.",
        AskPin,
    )
    muted = Flag("Members join muted.")
    start_on_enter = Flag("The conference starts when this member enters.")
    end_on_exit = Flag("The conference ends when this member leaves.")
    stay_alone = Flag("The last member may stay alone.")
    max_members = Whole("At most this many members.", 1, 20)
    time_limit = Duration("Plivo's own limit, in whole seconds.", low=1, high=86400)
    record = Flag("Record from the first member on.")
    record_format = Choice("The file.", "mp3", "wav")
    record_when_alone = Flag("Record also while one member is alone.")
    transcribe = Flag("Have Plivo transcribe the recording.")
    transcription_type = Choice(
        "How it is transcribed; auto if not given.", "auto", "hybrid", "manual"
    )
    transcription_method = Choice("How Plivo brings it; POST if not given.", "GET", "POST")
    callback_method = Choice("How Plivo brings its callbacks; POST if not given.", "GET", "POST")
    digits_match = Texts(
        "The digits that Plivo reports; if not given, those the rules wait for.",
        expected="digits",
    )
    floor_event = Flag("Report who speaks; if not given, when a rule waits for it.")
    hang_up_on_star = Flag("A member leaves by pressing the star.")
    wait_sound = Plain(
        "Address of what is heard while waiting.",
        shape=r"https?://\S+",
        expected="an http or https address",
    )
    enter_sound = Plain(
        "`beep:1`, `beep:2` or an address.",
        shape=r"beep:[12]|https?://\S+",
        expected="beep:1, beep:2 or an address",
    )
    exit_sound = Plain(
        "`beep:1`, `beep:2` or an address.",
        shape=r"beep:[12]|https?://\S+",
        expected="beep:1, beep:2 or an address",
    )
    relay_dtmf = Flag("The others hear digits that are pressed.")
    send_digits = Plain(
        "Digits that are sent to the call as it joins.",
        shape=r"[0-9*#wW]+",
        expected="digits, *, # and w",
    )
    action = Block(
        "An address of yours that Plivo tells when the member leaves: `url`, `method`; with "
        "`redirect: true` the call goes on with its XML.",
        Action,
    )
    then = Steps(
        "What the call goes on with after the conference: `speak`, `play`, `redirect`, "
        "`hang_up`; one, or a list."
    )


class RuleEntry(Strict):
    hints: ClassVar[dict[str, str]] = {
        "on": "a rule waits with `when`",
        "then": "a rule acts with `do`",
        "conditions": "conditions are `match` and `if`",
        "actions": "actions are listed under `do`",
        "expires_in": "`expires_in` goes beside an action",
        "on_error": "`on_error` goes beside an action",
    }
    name = Plain("What the rule is called, in the journal and on the terminal.", required=True)
    description = Plain("More about it.")
    when = Raw("What it waits for: one trigger, or a list: any of them.", required=True)
    match = Raw("What must hold of the event: every key.", described={"type": "object"})
    condition = ExpressionText("One expression for what `match` cannot say.", data_key="if")
    do = Raw("What is done, in order.", required=True)
    once = Choice("At most once: for each conference, or each member.", "conference", "member")
    cooldown = Duration("Not again in this conference for that long.")
    enabled = Flag("false: the rule rests.")
    dry_run = Flag("Everything but the calls; recorded as such.")


class File(Strict):
    version = Choice("The version of the language.", "1", name="version", required=True)
    timezone = Zone("For schedules and times; UTC if not given.")
    lists = Raw("Lists of texts, by name.")
    vars = Raw("What rules remember of a conference, by name: see *What rules remember*.")
    limits = Raw("Time limits: the first that matches.")
    rules = Raw("The rules.", required=True)
    conferences = Raw("How callers join: the first that matches.")


def file_schema() -> Json:
    """The JSON Schema of a rules file, for editors: every key with its documentation."""
    described_file = describe(File)
    properties = described_file["properties"]
    for section, entry in (
        ("rules", RuleEntry),
        ("limits", LimitEntry),
        ("conferences", AnswerEntry),
    ):
        properties[section]["type"] = ["array", "null"]
        properties[section]["items"] = describe(entry)
    texts = {"type": "array", "items": {"type": ["string", "number"]}}
    properties["lists"] |= {"type": "object", "additionalProperties": texts}
    properties["vars"] |= {"type": "object", "additionalProperties": describe(VarEntry)}
    rule = properties["rules"]["items"]["properties"]
    trigger = {"$ref": "#/definitions/trigger"}
    rule["when"] |= {"anyOf": [trigger, {"type": "array", "items": trigger, "minItems": 1}]}
    rule["do"] |= {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/step"}}
    match = {"$ref": "#/definitions/match"}
    rule["match"] = {"description": rule["match"]["description"], "allOf": [match]}
    only_conference = {
        "type": "object",
        "properties": {"conference": {"$ref": "#/definitions/condition"}},
        "additionalProperties": False,
    }
    properties["limits"]["items"]["properties"]["match"] |= only_conference
    properties["conferences"]["items"]["properties"]["match"] |= caller_schema()
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Gavel: rules that run Plivo conferences",
        **described_file,
        "definitions": {
            "trigger": trigger_schema(),
            "step": step_schema(),
            "match": match_schema(),
            "condition": condition_schema(),
        },
    }


def caller_schema() -> Json:
    """The JSON Schema of `match` in an entry of `conferences`."""
    scalar: Json = {"type": ["string", "number"]}
    texts: Json = {"type": "array", "items": scalar, "minItems": 1}
    operators = {
        name: {"description": OPERATORS[name], "anyOf": [scalar, texts]}
        for name in joining.OPERATORS
    }
    condition: Json = {
        "anyOf": [
            scalar,
            texts,
            {
                "type": "object",
                "properties": operators,
                "additionalProperties": False,
                "minProperties": 1,
            },
        ]
    }
    conference = {
        "description": names.GROUPS["conference"]["name"].doc,
        "anyOf": [scalar, texts],
    }
    return {
        "type": "object",
        "properties": {
            "conference": conference,
            "conference.name": conference,
            **{name: {"description": joining.DOCS[name], **condition} for name in joining.NAMES},
            COUNT: {
                "description": joining.DOCS[COUNT],
                "anyOf": [
                    {"type": "integer"},
                    {
                        "type": "object",
                        "properties": {
                            name: {"description": OPERATORS[name], "type": "integer"}
                            for name in joining.BOUNDS
                        },
                        "additionalProperties": False,
                        "minProperties": 1,
                    },
                ],
            },
        },
        "patternProperties": {
            r"^header\.([Xx]-[Pp][Hh]|[Ss][Ii][Pp]-[Hh])-": condition,
            r"^query\.": condition,
        },
        "additionalProperties": False,
    }


def match_schema() -> Json:
    """The JSON Schema of `match`: every name there is, documented."""
    condition = {"$ref": "#/definitions/condition"}
    known = {"conference": names.GROUPS["conference"]["name"], "digits": names.SINGLE["digits"]}
    for group, fields in names.GROUPS.items():
        known |= {f"{group}.{name}": field for name, field in fields.items()}
    return {
        "type": "object",
        "minProperties": 1,
        "properties": {
            name: {"description": field.doc, "allOf": [condition]} for name, field in known.items()
        },
        "patternProperties": {"^data\\.": condition, "^vars\\.": condition},
        "additionalProperties": False,
    }


def condition_schema() -> Json:
    """The JSON Schema of what stands under a key of `match`."""
    scalar: Json = {"type": ["string", "number", "boolean"]}
    texts: Json = {"type": "array", "items": scalar, "minItems": 1}
    operators = {
        name: {"description": doc, "anyOf": [scalar, texts]} for name, doc in OPERATORS.items()
    }
    mapping = {
        "type": "object",
        "properties": operators,
        "additionalProperties": False,
        "minProperties": 1,
    }
    return {"anyOf": [scalar, texts, mapping]}
