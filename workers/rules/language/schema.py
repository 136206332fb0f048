"""The JSON Schema of a rules file, for editors: what is checked, with its documentation."""

from app.callers.joining import COUNT
from app.yaml.schema_errors import describe, described
from app.yaml.schema_fields import Duration, Json
from workers.rules.language import joining
from workers.rules.language.declared import VarEntry
from workers.rules.language.entries import AnswerEntry, EnsureEntry, File, LimitEntry, RuleEntry
from workers.rules.language.matching.matched_key import OPERATORS
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
    properties["rules"]["items"] = _rule_schema()
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


def _rule_schema() -> Json:
    """One mapping for rules of both kinds, so that editors offer all their keys."""
    waits, ensures = describe(RuleEntry), describe(EnsureEntry)
    own = {name: part for name, part in ensures["properties"].items() if name == "ensure"}
    either = [{"required": ["when", "do"]}, {"required": ["ensure"]}]
    return {
        **waits,
        "properties": {**waits["properties"], **own},
        "required": ["name"],
        "oneOf": either,
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
        if group in names.ANSWERS.values() and group not in triggers.SEEN:
            continue  # only steps see it
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
