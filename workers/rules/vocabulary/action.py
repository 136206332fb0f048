"""What is known of an action and of the calls it makes: the shape of the catalogue's entries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.yaml.schema_errors import Block
from app.yaml.schema_fields import Choice, Duration, Value

HEARD = 60.0
"""Seconds after which what people hear or feel comes too late."""

BESIDE_EVERY: Mapping[str, Value] = {
    "expires_in": Duration(
        "Not done when it is later than this, but recorded. 60s for what people hear or feel.",
        never=True,
    ),
    "on_error": Choice("After a failure: stop this run, or continue.", "stop", "continue"),
}


@dataclass(frozen=True, slots=True)
class Request:
    """How the Conference API is asked (docs/plivo.md 7.2): the method, what follows the conference
    or its members in the path, and what the body calls the parameters of the call."""

    method: str
    suffix: str = ""
    body: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verb:
    """One kind of call that an action makes.

    `request` is what it becomes at Plivo; what its path names follows from `members` and `account`.
    `safe`: repeating it ends in the same state, and nobody hears it twice. `priority`: what the
    account's budget is spent on first (0), and last (2). `members`: "none", "single" (one id or
    `all` per request) or "list" (`10,11,12` in one request). `words` say it to people, if not the
    name does. `sets` are flags of its members, or of the conference, that are so when it is
    through. `for_value` is the value of the action that means this call, when it can mean several.
    `to_web`: it does not go to Plivo, and its run waits for it before it goes on; `long`: that may
    take minutes, so a process of its own makes it. `account`: it is for all conferences, so the end
    of its own does not stop it.
    """

    name: str
    safe: bool
    priority: int
    members: str = "none"
    words: str = ""
    sets: Mapping[str, bool] = field(default_factory=dict)
    for_value: str = ""
    request: Request | None = None
    to_web: bool = False
    long: bool = False
    account: bool = False

    @property
    def said(self) -> str:
        """What it does, in words."""
        return self.words or self.name.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Action:
    """One action. `argument` reads what stands behind its name; `param` is the name of that value
    in `Step.params` unless it is a target or a mapping. `bare` allows nothing to be written.
    `beside` are keys beside it, next to `expires_in` and `on_error`. `calls` are those it may make.
    `expires_in` is the default, in seconds. `after_all`: it does something also when the
    conference is over. `by_hand`: a person may ask for it as well as a rule. `carries` are groups
    of names that its calls take along as they are."""

    doc: str
    example: str
    argument: Value
    calls: tuple[Verb, ...] = ()
    param: str = ""
    bare: bool = False
    beside: Mapping[str, Value] = field(default_factory=dict)
    expires_in: float | None = HEARD
    after_all: bool = False
    by_hand: bool = True
    carries: tuple[str, ...] = ()

    @property
    def parts(self) -> Mapping[str, Any]:
        """The keys of its mapping, with their fields; none when it is not written as one."""
        if not isinstance(self.argument, Block):
            return {}
        fields = self.argument.schema().fields
        return {name: part for name, part in fields.items() if name not in BESIDE_EVERY}
