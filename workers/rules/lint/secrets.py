"""Secrets that a file names, `{env: NAME}`, and those that the environment does not have.

Whether they are there depends on where it is asked, so it is no part of a file's warnings.
"""

from collections.abc import Callable, Iterator
from typing import Any

from app.callers.pins import LONGEST, SHORTEST, PinUnset, pin_in
from app.errors import SettingsError
from app.settings import named_secret
from app.yaml.problems import Problem
from app.yaml.tree import Map
from workers.rules.language.steps.flat import items_of
from workers.rules.lint.parts import Parts
from workers.rules.vocabulary.model import NamedSecret

_UNSET = {
    "ask_pin": f"is not set here to {SHORTEST} to {LONGEST} digits: callers who need a PIN are "
    "answered 503 where `gavel web` does not have it",
    "webhook": "is not set here: the webhook is not sent where `gavel worker` does not have it",
}


def named_secrets(parts: Parts) -> Iterator[NamedSecret]:
    """Each, with its place; those of disabled rules left out."""
    for entry, node, _ in parts.answers:
        if "ask_pin" in entry.options:
            ask = node["ask_pin"]
            for one in (*(ask.find("roles") or {}).values(), *filter(None, (ask.find("is"),))):
                yield _named(one, "ask_pin")
    for rule, node in zip(parts.rules, parts.rule_nodes, strict=True):
        for item in items_of(node.find("do") or ()) if rule.enabled else ():
            hook = item.find("webhook") if isinstance(item, Map) else None
            if hook and (one := hook.find("secret")):
                yield _named(one, "webhook")


def unset_secrets(
    secrets: tuple[NamedSecret, ...],
    path: str,
    secret_of: Callable[[str], str | None] = named_secret,
) -> Iterator[Problem]:
    """A note for each that this process does not have, or can not use."""
    for one in secrets:
        if message := _trouble(one, secret_of):
            yield Problem(path, one.line, one.column, "note", message)


def _trouble(one: NamedSecret, secret_of: Callable[[str], str | None]) -> str:
    """What is wrong with it here, and what comes of that; "" when it is there."""
    try:
        if _is_there(one, secret_of):
            return ""
    except SettingsError as error:
        return "; ".join(error.problems)
    return f"{one.name} {_UNSET[one.of]}; set it there, or {one.name}_FILE to the file that has it"


def _is_there(one: NamedSecret, secret_of: Callable[[str], str | None]) -> bool:
    if one.of != "ask_pin":
        return secret_of(one.name) is not None
    try:
        return bool(pin_in(one.name, secret_of))
    except PinUnset:
        return False


def _named(node: Any, of: str) -> NamedSecret:
    name = node["env"]
    return NamedSecret(str(name), of, name.line, name.column)
