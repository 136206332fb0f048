"""A file that was compiled, in its parts, and which conferences its entries are for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.globs import covers, may_overlap
from app.yaml.tree import Map
from workers.rules.vocabulary.model import Rule
from workers.rules.vocabulary.vars import Var

Globs = tuple[str, ...]
"""The conferences of an entry: () for all; a condition that is no glob counts as all."""


@dataclass(frozen=True, slots=True)
class Section:
    """Entries with the nodes they were read from and the conferences they are for."""

    entries: Sequence[Any]
    nodes: Sequence[Map]
    globs: Sequence[Globs]

    def __iter__(self) -> Iterator[tuple[Any, Map, Globs]]:
        return iter(zip(self.entries, self.nodes, self.globs, strict=True))


@dataclass(frozen=True, slots=True)
class Parts:
    """A file that was compiled without an error, with its nodes."""

    rules: Sequence[Rule]
    rule_nodes: Sequence[Map]
    limits: Section
    answers: Section
    lists: Mapping[str, tuple[str, ...]]
    list_nodes: Map
    vars: Mapping[str, Var]
    var_nodes: Map


def only_globs(node: Map) -> bool:
    """Whether the entry is for exactly its globs, and not for fewer by an operator."""
    match = node.find("match")
    return match is None or not any(isinstance(value, Map) for value in match.values())


def covers_all(wide: Globs, narrow: Globs) -> bool:
    """Whether every conference of the one is also one of the other."""
    if not wide:
        return True
    return bool(narrow) and all(any(covers(one, other) for one in wide) for other in narrow)


def overlap(left: Globs, right: Globs) -> bool:
    """Whether some conference can be meant by both."""
    return not left or not right or any(may_overlap(one, two) for one in left for two in right)
