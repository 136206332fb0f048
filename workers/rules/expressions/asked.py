"""Which names something that was compiled asks about."""

from collections.abc import Iterator, Mapping
from typing import Any

from workers.rules.expressions.conditions import Match
from workers.rules.expressions.expressions import Compiled
from workers.rules.expressions.templates import Rendered, Typed
from workers.rules.vocabulary.model import Rule, Step, Target, Wish


def names_used(rule: Rule) -> frozenset[str]:
    """The dotted names that a rule asks about: in `match`, in `if`, in its texts and targets."""
    parts: list[Step | Wish] = [*rule.steps, *rule.ensures]
    named = frozenset().union(*map(names_of, parts))
    return named | frozenset(_names([rule.match, rule.condition]))


def names_of(step: Step | Wish) -> frozenset[str]:
    """Those that a step asks about, without the steps within it; or something that is ensured."""
    return frozenset(_names([step.params, step.target]))


def _names(part: Any) -> Iterator[str]:
    if isinstance(part, Compiled):
        yield from part.names
    elif isinstance(part, Match):
        yield from (".".join(check.path) for check in part.checks)
    elif isinstance(part, Typed):
        yield from part.part.names
    elif isinstance(part, Target):
        yield from _names([part.where, part.id_templates])
    elif isinstance(part, Rendered | list | tuple):
        for inner in part.parts if isinstance(part, Rendered) else part:
            yield from _names(inner)
    elif isinstance(part, Mapping):
        for inner in part.values():
            yield from _names(inner)
