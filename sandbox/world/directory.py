"""The account's applications and numbers: which address a call to a number is answered from.

Facts of Plivo here: docs/plivo.md 28.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NUMBERS = ("14155550199", "442071839999")
"""What the account rents: no application answers them at first."""


@dataclass(slots=True)
class Application:
    """Where calls are answered; `others` are the further settings; of them only the fallback
    has an effect here."""

    id: str
    name: str
    answer_url: str
    answer_method: str = "POST"
    hangup_url: str = ""
    hangup_method: str = "POST"
    others: dict[str, Any] = field(default_factory=dict)

    @property
    def fallback(self) -> tuple[str, str]:
        """Where a call is answered when `answer_url` gives nothing of use, "" for nowhere."""
        url, method = (self.others.get(f"fallback_{key}") for key in ("answer_url", "method"))
        return str(url or ""), "GET" if method == "GET" else "POST"


@dataclass(slots=True)
class Number:
    """A rented number, digits without `+`. `app_id` is "" when no application answers it."""

    number: str
    app_id: str = ""
    alias: str | None = None


class Directory:
    """Applications by id, in the order in which they were made, and numbers."""

    def __init__(self) -> None:
        self.applications: dict[str, Application] = {}
        self.numbers: Mapping[str, Number] = {}
        self.reset()

    def reset(self) -> None:
        """As new: two numbers, no application."""
        self.applications.clear()
        self.numbers = {number: Number(number) for number in NUMBERS}

    def add(self, name: str, answer_url: str) -> Application:
        """A new application with an id of its own."""
        found = Application(str(10**16 + secrets.randbelow(9 * 10**16)), name, answer_url)
        self.applications[found.id] = found
        return found

    def remove(self, application: Application) -> None:
        """Its numbers are answered by none from now on."""
        del self.applications[application.id]
        for number in self.numbers.values():
            if number.app_id == application.id:
                number.app_id = ""

    def number(self, text: str) -> Number | None:
        """A rented number, written with or without `+`."""
        return self.numbers.get(text.removeprefix("+"))

    def answering(self, called: str) -> Application | None:
        """The application of the number that is called."""
        number = self.number(called)
        return self.applications.get(number.app_id) if number else None
