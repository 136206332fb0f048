"""What a rule can see: the names of its triggers, the file's lists and its time zone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo

from workers.rules.names import ALWAYS, GROUPS, SINGLE
from workers.rules.suggest import did_you_mean
from workers.rules.triggers import KINDS


@dataclass(frozen=True, slots=True)
class Scope:
    """`lacking` says for each group of names that is not there which trigger lacks it."""

    lacking: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    zone: tzinfo = UTC

    def problem(self, path: Sequence[str]) -> str | None:
        """Why the name cannot be used here, with a suggestion; None when it can."""
        root, *rest = path
        if root not in GROUPS and root not in SINGLE:
            return f"unknown name {_dotted(path)}" + _suggestion(path)
        if root in self.lacking:
            return f"{_dotted(path)} is not known for {self.lacking[root]}"
        if root == "lists":
            if not rest:
                return "say which list: " + (
                    ", ".join(f"lists.{name}" for name in self.lists) or "there are none"
                )
            if rest[0] not in self.lists:
                return f"unknown list {rest[0]!r}" + did_you_mean(rest[0], self.lists)
        if root in GROUPS:
            return _group_problem(root, rest)
        return None

    def type_of(self, path: Sequence[str]) -> str:
        """The type of a name without a problem; `any` for what only its sender knows."""
        root, *rest = path
        if root == "lists":
            return "list" if len(rest) == 1 else "any"
        if root in SINGLE:
            return SINGLE[root].type
        known = GROUPS[root].get(rest[0]) if rest else None
        return known.type if known and len(rest) == 1 else "any"

    def values_of(self, path: Sequence[str]) -> tuple[str, ...]:
        """All values that a name can have; () when that is not known."""
        known = GROUPS.get(path[0], {}).get(path[1]) if len(path) == 2 else None
        return known.values if known else ()

    def with_member(self) -> "Scope":
        """The scope of a `where`: `member` is the member it asks about."""
        return replace(self, lacking={k: v for k, v in self.lacking.items() if k != "member"})


def scope_of(
    kinds: Sequence[str], lists: Mapping[str, tuple[str, ...]], zone: tzinfo = UTC
) -> Scope:
    """What a rule with these triggers can see: only what each of them has."""
    lacking: dict[str, str] = {}
    for kind in kinds:
        for root in (*GROUPS, *SINGLE):
            if root not in ALWAYS and root not in KINDS[kind].names:
                lacking.setdefault(root, kind)
    return Scope(lacking, lists, zone)


def _group_problem(root: str, rest: Sequence[str]) -> str | None:
    if not rest:
        return f"{root} is a group of fields; say which, such as {root}.{next(iter(GROUPS[root]))}"
    if rest[0] not in GROUPS[root]:
        dotted = [f"{root}.{name}" for name in GROUPS[root]]
        return f"unknown name {root}.{rest[0]}" + did_you_mean(f"{root}.{rest[0]}", dotted)
    if len(rest) > 1 and GROUPS[root][rest[0]].type != "members":
        return f"{root}.{rest[0]} has no fields of its own"
    return None


def _dotted(path: Sequence[str]) -> str:
    return ".".join(path)[:80]


def _suggestion(path: Sequence[str]) -> str:
    every = [f"{root}.{name}" for root, names in GROUPS.items() for name in names]
    known = [name.split(".")[1] for name in every]
    if len(path) == 1 and path[0] in known:
        return f"; did you mean {every[known.index(path[0])]!r}?"
    if len(path) == 1:
        return did_you_mean(path[0], [*SINGLE, *GROUPS])
    return did_you_mean(_dotted(path), [*every, *SINGLE])
