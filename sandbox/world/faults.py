"""Bad days on demand: what goes wrong, with which requests, how often."""

import random
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from sandbox.world.errors import BadParameter

API_KINDS: Mapping[str, str] = {
    "status": "the API answers with `status` (429, 500, 503, …), with `retry_after` when given",
    "slow": "the API does what was asked, and answers after `seconds`",
    "slow_before": "the API waits `seconds` before it does what was asked",
    "reset": "the API does what was asked and resets the connection instead of an answer",
    "reset_before": "the API resets the connection and does nothing",
    "plain_401": "the API answers 401 in plain text",
    "ok_error": 'the API does nothing and answers 200 with {"error": "failed"}',
    "odd_fields": "the API does what was asked; in its answer every field but names and ids has an "
    "empty object as its value",
}
DELIVERY_KINDS: Mapping[str, str] = {
    "duplicate": "a callback comes twice, `seconds` apart; `new_nonce` signs it anew",
    "delay": "a callback comes `seconds` late (with actions [exit]: the late exit)",
    "reorder": "a callback comes after the next one of its conference, or after `seconds`",
    "drop": "a callback never comes",
    "bad_signature": "a callback comes with a signature of another token",
}
READ_KINDS: Mapping[str, str] = {
    kind: DELIVERY_KINDS[kind] for kind in ("delay", "drop", "bad_signature")
}
"""What can happen to a request whose answer is read; only to those that `actions` names."""
CONTENT_KINDS: Mapping[str, str] = {
    "wrap": "a recording callback comes as JSON in the one field `response`",
    "no_file": "a recording comes to nothing: no callback of its end, no file, not in the list",
    "no_transcript": "a transcription callback comes with `error`",
}
KINDS: Mapping[str, str] = {**API_KINDS, **DELIVERY_KINDS, **CONTENT_KINDS}


@dataclass(slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong. `times` 0 means until it is taken away.

    `actions` are operations of the API (`mute`, `speak`, …) or actions of callbacks (`enter`,
    `record`, `recording`, `transcription`, `answer`, …); empty: any. `skip` lets so many pass
    first; `chance` is from 0 to 1.
    """

    kind: str
    actions: tuple[str, ...] = ()
    conference: str = "*"
    times: int = 1
    skip: int = 0
    chance: float = 1.0
    seconds: float = 1.0
    status: int = 500
    retry_after: int = 0
    new_nonce: bool = False
    id: int = 0
    used: int = 0

    @classmethod
    def read(cls, wanted: Mapping[str, Any]) -> "Fault":
        """From JSON or YAML; BadParameter names what is wrong."""
        kind = str(wanted.get("kind", ""))
        if kind not in KINDS:
            raise BadParameter(f"kind: {kind!r} is no fault; there are {', '.join(KINDS)}")
        values: dict[str, Any] = {}
        for key, value in wanted.items():
            if key == "kind":
                continue
            if key not in _FIELDS:
                raise BadParameter(f"{key}: a fault has no such field")
            try:
                values[key] = _FIELDS[key](value)
            except (TypeError, ValueError) as error:
                raise BadParameter(f"{key}: {value!r} does not fit") from error
        return cls(kind=kind, **values)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, str | list | tuple):
        raise TypeError(value)
    names = value.split(",") if isinstance(value, str) else value
    return tuple(str(name).strip() for name in names if str(name).strip())


def _boolean(value: object) -> bool:
    if str(value).lower() not in {"true", "false"}:
        raise ValueError(value)
    return str(value).lower() == "true"


def _whole(low: int, high: int) -> Callable[[Any], int]:
    """Reads a whole number within bounds; ValueError for any other."""

    def read(value: Any) -> int:
        number = int(str(value))
        if not low <= number <= high:
            raise ValueError(value)
        return number

    return read


def _amount(high: float) -> Callable[[Any], float]:
    """Reads a number from 0 to `high`; ValueError for any other."""

    def read(value: Any) -> float:
        number = float(value)
        if not 0 <= number <= high:
            raise ValueError(value)
        return number

    return read


_FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "actions": _names,
    "conference": str,
    "times": _whole(0, 1_000_000_000),
    "skip": _whole(0, 1_000_000_000),
    "chance": _amount(1),
    "seconds": _amount(86_400),
    "status": _whole(200, 599),
    "retry_after": _whole(0, 86_400),
    "new_nonce": _boolean,
}


@dataclass(slots=True)
class Faults:
    """The faults that are set; each is used up as it happens."""

    random: random.Random
    faults: list[Fault] = field(default_factory=list)
    last_id: int = 0

    def add(self, fault: Fault) -> Fault:
        self.last_id += 1
        fault.id = self.last_id
        self.faults.append(fault)
        return fault

    def remove(self, fault_id: int) -> bool:
        before = len(self.faults)
        self.faults = [fault for fault in self.faults if fault.id != fault_id]
        return len(self.faults) < before

    def take(
        self, kinds: Mapping[str, str], action: str, conference: str, *, named: bool = False
    ) -> list[Fault]:
        """Those that happen now to this request or callback; counted as used. `named`: only those
        that name its action.
        """
        taken = [
            fault
            for fault in self.faults
            if (fault.actions or not named) and self._happens(fault, kinds, action, conference)
        ]
        self.faults = [f for f in self.faults if not f.times or f.used < f.times]
        return taken

    def _happens(
        self, fault: Fault, kinds: Mapping[str, str], action: str, conference: str
    ) -> bool:
        if fault.kind not in kinds or (fault.actions and action not in fault.actions):
            return False
        if not fnmatchcase(conference, fault.conference.replace("[", "[[]")):  # as in the rules
            return False
        if fault.skip > 0:
            fault.skip -= 1
            return False
        if fault.chance < 1 and self.random.random() >= fault.chance:
            return False
        fault.used += 1
        return True
