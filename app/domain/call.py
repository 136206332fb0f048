"""`Call`: one request that a rule wants made, and what is known of every verb."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self


class Verb(NamedTuple):
    """What a call of this verb is like.

    `safe`: repeating it ends in the same state, and nobody hears it twice. `priority`: what the
    account's budget is spent on first (0), and last (2). `members`: "none", "single" (one id or
    `all` per request) or "list" (`10,11,12` in one request).
    """

    safe: bool
    priority: int
    members: str


VERBS: Mapping[str, Verb] = {
    "mute": Verb(True, 0, "list"),
    "unmute": Verb(True, 0, "list"),
    "deaf": Verb(True, 0, "list"),
    "undeaf": Verb(True, 0, "list"),
    "kick": Verb(True, 0, "single"),
    "hang_up_member": Verb(True, 0, "single"),
    "hang_up": Verb(True, 0, "none"),
    "hang_up_all": Verb(True, 0, "none"),
    "record": Verb(True, 0, "none"),
    "stop_recording": Verb(True, 0, "none"),
    "speak": Verb(False, 1, "list"),
    "play": Verb(False, 1, "list"),
    "stop_speak": Verb(True, 1, "list"),
    "stop_play": Verb(True, 1, "list"),
    "webhook": Verb(True, 2, "none"),
    "archive": Verb(True, 2, "none"),
}

WEB_VERBS = frozenset({"webhook", "archive"})
"""Verbs that do not go to Plivo; a run waits for them before it goes on."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request wanted. `members` is () for the whole conference, ("all",) for everybody, else
    ids. `at` is when its event happened and `expires_at` when it is no longer worth making, both
    seconds since the epoch. `uuid` is the instance it was decided for, "" when unknown."""

    id: str
    verb: str
    conference: str
    members: tuple[str, ...]
    params: Mapping[str, Any]
    run: str
    rule: str
    step: int
    event: str
    at: float
    expires_at: float | None
    on_error: str
    uuid: str

    def to_json_dict(self) -> dict[str, Any]:
        """The stored form, plain JSON values."""
        return {
            "id": self.id,
            "verb": self.verb,
            "conference": self.conference,
            "members": list(self.members),
            "params": self.params,
            "run": self.run,
            "rule": self.rule,
            "step": self.step,
            "event": self.event,
            "at": self.at,
            "expires_at": self.expires_at,
            "on_error": self.on_error,
            "uuid": self.uuid,
        }

    @classmethod
    def from_json_dict(cls, stored: Mapping[str, Any]) -> Self:
        """The reverse of `to_json_dict`."""
        return cls(**{**stored, "members": tuple(stored["members"])})
