"""`Fact`: one thing that an event turned out to mean, which rules can be held against."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.domain.conference import Past


@dataclass(frozen=True, slots=True)
class Fact:
    """One event can mean several things: a first `enter` is also the start of the conference.

    `kind` is one of the catalogue of triggers, or `limit`, `wait`, `step` (the inner ones). `id`
    is the event's, with a suffix when the event speaks of several members or instances: a rule
    runs once per id. `fields` are the names that only this fact has. `value` is held against the
    parameter of a trigger; `only` is the one rule (id) and trigger index that a timer is for.
    `over` is the instance it is about when that one has ended.
    """

    kind: str
    id: str
    event: str
    at: float
    fields: Mapping[str, Any] = field(default_factory=dict)
    value: Any = None
    only: tuple[str, int] | None = None
    over: Past | None = None
    chain: int = 0


def accepts(kind: str, parameter: Any, value: Any) -> bool:
    """Whether a trigger with this parameter waits for such a fact."""
    if kind == "member.digits":
        return parameter is None or parameter == value
    if kind == "trigger":
        return bool(parameter == value)
    if kind == "conference.members":
        return crosses(parameter, *value)
    return True


def crosses(parameter: tuple[str, float], before: int, after: int) -> bool:
    """Whether the number of members came to N ("is"), or rose above or fell below it."""
    how, number = parameter
    if how == "above":
        return before <= number < after
    if how == "below":
        return before >= number > after
    return before != number == after
