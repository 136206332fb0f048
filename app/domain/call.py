"""`Call`: one request that a rule wants made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Call:
    """One request wanted. `verb` is one of the catalogue of actions. `members` is () for the whole
    conference, ("all",) for everybody, else ids. `params` are as the rule wrote them. `at` is when
    its event happened and `expires_at` when it is no longer worth making, both seconds since the
    epoch. `uuid` is the instance it was decided for, "" when unknown. `trace` is the `traceparent`
    of its decision, "" where traces are off. `asks`: its run goes on with what is answered."""

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
    trace: str = ""
    asks: bool = False

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
            **({"trace": self.trace} if self.trace else {}),
            **({"asks": True} if self.asks else {}),
        }

    @classmethod
    def from_json_dict(cls, stored: Mapping[str, Any]) -> Self:
        """The reverse of `to_json_dict`."""
        return cls(**{**stored, "members": tuple(stored["members"])})
