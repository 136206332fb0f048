"""Taking one person out of what is stored: their number, and what stands beside it.

Who is meant is known by a telephone number alone. Beside it, in the same facts, stand the caller's
name and Plivo's id of the call: these are learnt and taken out as well, the id wherever it is, the
name in what is told of that person.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from app.errors import Unusable

GONE = "forgotten"
SHORTEST, LONGEST = 7, 15
"""Digits of a telephone number with its country code; the longest is of E.164."""

UUID = r"(?<![0-9a-fA-F-])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9a-fA-F-])"
"""Matched to be left as it is: its last group may happen to be all digits."""

_SEPARATED = "[ ().-]{0,2}"
_WRITTEN = re.compile(r"\+?[0-9 ().-]+", re.ASCII)
_NEVER_NAMES = frozenset(
    {"id", "kind", "event", "uuid", "conference", "verb", "rule", "rules", "outcome", "status"}
)
"""Keys of a stored text whose values are no words of or about a person."""


class Erasure:
    """One person. `events` are the ids of the events that were learnt to be of them."""

    def __init__(self, number: str) -> None:
        """Raises Unusable for what is no telephone number."""
        digits = re.sub(r"\D", "", number)
        if not _WRITTEN.fullmatch(number.strip()) or not SHORTEST <= len(digits) <= LONGEST:
            raise Unusable("it must be a telephone number with its country code: +14155550100")
        spelled = _SEPARATED.join(digits)
        self._number = re.compile(
            rf"{UUID}|(?P<number>(?:\+|%2[Bb]|(?<![0-9a-fA-F]))\(?{spelled}(?![0-9a-fA-F]))",
            re.ASCII,
        )
        self._whole = re.compile(rf"\+?{digits}", re.ASCII)
        self._calls: set[str] = set()
        self._names: set[str] = set()
        self.events: set[str] = set()

    def holds_number(self, text: str) -> bool:
        """Does this text hold the number, however it is written?"""
        return any(found["number"] for found in self._number.finditer(text))

    def learn(self, stored: str) -> None:
        """From one stored text (JSON): what stands beside the number in it."""
        if not self.holds_number(stored):
            return
        found = _read(stored)
        if id := _event_of(found):
            self.events.add(id)
        _each_mapping(found, self._learn_of)

    def _learn_of(self, facts: Mapping[str, Any]) -> None:
        number = facts.get("from")
        if isinstance(number, str) and self._whole.fullmatch(number):
            for known, name in ((self._calls, "call_uuid"), (self._names, "caller_name")):
                if isinstance(facts.get(name), str) and facts[name]:
                    known.add(facts[name])

    def erased(self, stored: str) -> str:
        """A stored text without the person; the same text where they are not in it. A text that is
        no JSON loses the number and the ids of calls alone."""
        found = _read(stored)
        if found is None:
            return self._without(stored, self._calls)
        is_theirs = self.holds_number(stored) or _event_of(found) in self.events
        without = self._erased(found, self._calls | self._names if is_theirs else self._calls)
        return stored if without == found else json.dumps(without, **_COMPACT)

    def _erased(self, value: Any, known: set[str]) -> Any:
        if isinstance(value, str):
            return self._without(value, known)
        if isinstance(value, list):
            return [self._erased(one, known) for one in value]
        if isinstance(value, dict):
            return {key: self._erased(one, self._at(key, one, known)) for key, one in value.items()}
        return value

    def _at(self, key: str, value: Any, known: set[str]) -> set[str]:
        if key in _NEVER_NAMES and not isinstance(value, dict):
            return known - self._names
        return known

    def _without(self, text: str, known: set[str]) -> str:
        for one in sorted(known, key=len, reverse=True):
            text = text.replace(one, GONE)
        return self._number.sub(lambda found: GONE if found["number"] else found[0], text)


_COMPACT: Any = {"separators": (",", ":"), "ensure_ascii": False}


def _read(stored: str) -> Any:
    try:
        return json.loads(stored)
    except (ValueError, RecursionError):
        return None


def _event_of(found: Any) -> str:
    """The id of the event that a line of the journal tells of, or belongs to; "" for none."""
    event = found.get("event") if isinstance(found, dict) else None
    id = event.get("id") if isinstance(event, dict) else event
    return id if isinstance(id, str) else ""


def _each_mapping(value: Any, tell: Callable[[Mapping[str, Any]], None]) -> None:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            tell(one)
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
