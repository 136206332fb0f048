"""PINs that callers enter: which are right, and what role each gives.

A PIN stands in the environment alone. It is compared in constant time, and nothing here keeps or
tells what a caller entered.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from app.errors import GavelError

SHORTEST, LONGEST = 4, 20
DEFAULT_TRIES = 3
SECONDS = 600
MOST = 10
"""So many wrong tries of all callers within that time close the door of a conference."""
MOST_OF_CALLER = 5
"""So many of one caller close it to that caller: fewer, so that nobody alone keeps others out."""
WRONG = {"text": "That is not right."}
CLOSED = {"text": "You can not join now. Goodbye."}


class PinUnset(GavelError):
    """A PIN is not in the environment of the web process: set it there, 4 to 20 digits."""


@dataclass(frozen=True, slots=True)
class AskPin:
    """`ask_pin` of an entry. `variables` are the environment variables of the PINs with the role
    that each gives ("" for none beside that of the entry). `prompt`, `wrong` and `closed` are
    words; `digits` is how many a PIN has, 0 when that is not said."""

    variables: tuple[tuple[str, str], ...]
    prompt: Mapping[str, str]
    wrong: Mapping[str, str]
    closed: Mapping[str, str]
    tries: int = DEFAULT_TRIES
    digits: int = 0

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """From the option as the rules file has it."""
        roles = options.get("roles", {})
        variables = [(name, role) for role, name in roles.items()]
        if "is" in options:
            variables.append((options["is"], ""))
        return cls(
            variables=tuple(variables),
            prompt=options["prompt"],
            wrong=options.get("wrong", WRONG),
            closed=options.get("closed", CLOSED),
            tries=options.get("tries", DEFAULT_TRIES),
            digits=options.get("digits", 0),
        )

    def pins(self, secret: Callable[[str], str | None]) -> tuple[tuple[bytes, str], ...]:
        """The PINs with their roles. Raises PinUnset unless all of them are there."""
        return tuple((pin_in(name, secret), role) for name, role in self.variables)


def pin_in(name: str, secret: Callable[[str], str | None]) -> bytes:
    """The PIN in this environment variable. Raises PinUnset when there is none."""
    pin = (secret(name) or "").strip()
    if not (pin.isascii() and pin.isdecimal() and SHORTEST <= len(pin) <= LONGEST):
        raise PinUnset(f"{name} is not set to {SHORTEST} to {LONGEST} digits")
    return pin.encode()


def role_of(digits: str, pins: tuple[tuple[bytes, str], ...]) -> str | None:
    """The role that these digits give, None when they are no PIN. The time it takes does not tell
    how near they came, nor to which."""
    given, role = digits.encode("utf-8", "surrogatepass"), None
    for pin, gives in pins:
        if hmac.compare_digest(given, pin):
            role = gives
    return role
