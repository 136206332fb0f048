"""What `gavel connect` would change: pure, so that what is told is what is done."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.errors import GavelError
from app.plivo.urls import answer_url
from workers.plivo.account import Application, Number


class CannotConnect(GavelError):
    """It can not be connected so: the message says what to change, here or in Plivo's console."""


@dataclass(frozen=True, slots=True)
class Connection:
    """`old` is the application as it is, None when there is none yet; `changes` its settings that
    are to be others. `answered` are the numbers that point to it, `moved` the one that will."""

    name: str
    old: Application | None
    wanted: Mapping[str, str]
    changes: Mapping[str, str]
    answered: tuple[str, ...]
    moved: Number | None

    @property
    def nothing_to_do(self) -> bool:
        return not self.changes and self.moved is None


def application_name(conference: str) -> str:
    """Plivo takes letters, digits, `-` and `_` (docs/plivo.md 28.1)."""
    return "gavel-" + re.sub(r"[^A-Za-z0-9_-]", "-", conference)


def plan(
    name: str,
    conference: str,
    public_url: str,
    applications: Sequence[Application],
    numbers: Sequence[Number],
    number: str | None,
) -> Connection:
    """What is to be done so that calls are led into this conference. Raises CannotConnect."""
    url = answer_url(public_url, conference)
    wanted = {
        "answer_url": url,
        "answer_method": "POST",
        "hangup_url": url,
        "hangup_method": "POST",
    }
    old = _named(name, applications)
    before = old.fields if old else {}
    changes = {key: value for key, value in wanted.items() if before.get(key) != value}
    answered = tuple(one.number for one in numbers if old and one.app_id == old.id)
    moved = _rented(number, numbers) if number else None
    if moved and moved.number in answered:
        moved = None
    return Connection(name, old, wanted, changes, answered, moved)


def _named(name: str, applications: Sequence[Application]) -> Application | None:
    found = [one for one in applications if one.name == name]
    if len(found) > 1:
        raise CannotConnect(
            f"the account has {len(found)} applications named {name}: delete or rename all but one "
            "in Plivo's console, or name another with --application"
        )
    return found[0] if found else None


def _rented(number: str, numbers: Sequence[Number]) -> Number:
    digits = re.sub(r"[^0-9]", "", number)
    found = next((one for one in numbers if one.number == digits), None)
    if found is None:
        have = ", ".join(f"+{one.number}" for one in numbers) or "none"
        raise CannotConnect(f"the account does not rent {number}. It has: {have}")
    if not found.voice:
        raise CannotConnect(f"{number} takes no calls: it is for messages only")
    return found
