"""What a rule can see: the names of its triggers, the file's lists and its time zone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo

from app.domain.suggest import did_you_mean, nearly, plain_word, quoted
from workers.rules.expressions.filters import FILTERS, OTHER_NAMES
from workers.rules.vocabulary.names import (
    AFTER_STEPS,
    ALWAYS,
    GROUPS,
    MEMBER,
    OF_RECORD,
    SINGLE,
)
from workers.rules.vocabulary.triggers import KINDS
from workers.rules.vocabulary.vars import TYPES


@dataclass(frozen=True, slots=True)
class Scope:
    """`lacking` says for each group of names that is not there (or field of one that is) which
    trigger lacks it; `vars` are the file's, with their types; `given` are all values that the file
    gives to a name, where it does."""

    lacking: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    zone: tzinfo = UTC
    vars: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def problem(self, path: Sequence[str]) -> str | None:
        """Why the name cannot be used here, with a suggestion; None when it can."""
        root, *rest = path
        if root not in GROUPS and root not in SINGLE:
            own = {"lists": self.lists, "vars": self.vars}
            group = next((group for group, names in own.items() if root in names), None)
            hint = f"; did you mean '{group}.{root}'?" if group else _suggestion(path)
            return f"unknown name {_dotted(path)}" + hint
        if root in self.lacking:
            return f"{_dotted(path)} is {_why_lacking(root, self.lacking[root])}"
        if (field := ".".join(path[:2])) in self.lacking:
            return f"{field[:80]} is not known after `{AFTER_STEPS[root]}`, only {_known_of(root)}"
        if root == "lists":
            if not rest:
                return "say which list: " + (
                    ", ".join(f"lists.{name}" for name in self.lists) or "there are none"
                )
            if rest[0] not in self.lists:
                return unknown_list(rest[0], self.lists)
            if len(rest) > 1:
                return f"lists.{rest[0]} has no fields of its own" + _filter_of(rest[1], path[:2])
        if root == "vars":
            return self._var_problem(rest)
        if root in GROUPS:
            return _group_problem(root, rest)
        if rest and SINGLE[root].type not in ("any", "list"):
            return f"{root} has no fields of its own" + _of_a_time(rest[0])
        return None

    def _var_problem(self, rest: Sequence[str]) -> str | None:
        if not rest:
            return "say which: " + (", ".join(f"vars.{name}" for name in self.vars) or NO_VARS)
        if rest[0] not in self.vars:
            return unknown_var(rest[0], self.vars)
        if len(rest) == 1:
            return None
        return f"vars.{rest[0]} has no fields of its own" + _filter_of(rest[1], ["vars", rest[0]])

    def member_problem(self, name: str) -> str | None:
        """Why a member has no such field; None when it has."""
        return _group_problem("member", [name])

    def type_of(self, path: Sequence[str]) -> str:
        """The type of a name without a problem; `any` for what only its sender knows."""
        root, *rest = path
        if root == "lists":
            return "list" if len(rest) == 1 else "any"
        if root == "vars":
            return self.vars[rest[0]]
        if root in SINGLE:
            return SINGLE[root].type
        known = GROUPS[root].get(rest[0]) if rest else None
        return known.type if known and len(rest) == 1 else "any"

    def values_of(self, path: Sequence[str]) -> tuple[str, ...]:
        """All values that a name can have; () when that is not known."""
        known = GROUPS.get(path[0], {}).get(path[1]) if len(path) == 2 else None
        return known.values if known else ()

    def doubt_of_value(self, path: Sequence[str], text: str) -> str | None:
        """A text that the file never gives to this name, and very nearly one that it does."""
        name = ".".join(path)
        known = self.given.get(name, frozenset())
        if text in known or not (meant := nearly(text, known)):
            return None
        by = "no rule sets" if path[0] == "vars" else "no entry of `conferences` sets"
        return f"{by} {name} to {quoted(text)}; did you mean {meant!r}?"

    def with_member(self) -> "Scope":
        """The scope of a `where`: `member` is the member it asks about."""
        return replace(self, lacking={k: v for k, v in self.lacking.items() if k != "member"})

    def after(self, step: str) -> "Scope":
        """What the steps after one of this action see."""
        brought = next((name for name, by in AFTER_STEPS.items() if by == step), "")
        if brought not in self.lacking:
            return self
        lacking = {name: kind for name, kind in self.lacking.items() if name != brought}
        if brought == "recording":
            others = GROUPS[brought].keys() - OF_RECORD
            lacking |= {f"{brought}.{field}": self.lacking[brought] for field in sorted(others)}
        return replace(self, lacking=lacking)


def joined(ends: Sequence[Scope]) -> Scope:
    """What is seen where several ways meet: what any of them brought, for that one may have been
    taken; where it was not, it is absent."""
    first, *others = (end.lacking for end in ends)
    whole = {k: v for k, v in first.items() if all(k in other for other in others)}
    parts = {k: v for end in ends for k, v in end.lacking.items() if "." in k}
    return replace(ends[0], lacking={**parts, **whole})


def scope_of(
    kinds: Sequence[str],
    lists: Mapping[str, tuple[str, ...]],
    zone: tzinfo = UTC,
    vars: Mapping[str, str] | None = None,
    given: Mapping[str, frozenset[str]] | None = None,
) -> Scope:
    """What a rule with these triggers can see: only what each of them has."""
    lacking: dict[str, str] = {}
    for kind in kinds:
        for root in (*GROUPS, *SINGLE):
            if root not in ALWAYS and root not in KINDS[kind].names:
                lacking.setdefault(root, kind)
    return Scope(lacking, lists, zone, vars or {}, given or {})


def unknown_list(name: str, lists: Mapping[str, tuple[str, ...]]) -> str:
    """What to say of a list that the file does not have."""
    said = f"unknown list {quoted(name)}"
    return said + (did_you_mean(name, lists) or f"; write it: `lists: {{{name[:40]}: [...]}}`")


NO_VARS = "there are none; write them at the top of the file: `vars: {NAME: {type: ...}}`"


def unknown_var(name: str, vars: Mapping[str, str]) -> str:
    """What to say of a var that the file does not declare."""
    said = f"unknown var {quoted(name)}"
    types = ", ".join(TYPES)
    written = (
        f"; write it at the top of the file: `vars: {{{name[:40]}: {{type: ...}}}}`, "
        f"of the types {types}"
    )
    return said + (did_you_mean(name, vars) or written)


def _why_lacking(root: str, kind: str) -> str:
    """Why a group of names is not there, and where it would be."""
    if root == "response" and kind in KINDS:
        return "known only in the steps after a `webhook`; begin with one: `- webhook: {url: …}`"
    if root == "awaited":
        return "known only in the steps after a `wait_for`; its own `if` says it without `awaited`"
    return f"not known for {kind}"


def _known_of(root: str) -> str:
    return " and ".join(f"{root}.{field}" for field in sorted(OF_RECORD))


def _group_problem(root: str, rest: Sequence[str]) -> str | None:
    if not rest:
        return f"{root} is a group of fields; say which, such as {root}.{next(iter(GROUPS[root]))}"
    if rest[0] not in GROUPS[root]:
        return f"unknown name {_dotted((root, rest[0]))}" + _field_suggestion(root, rest[0])
    if len(rest) > 1 and GROUPS[root][rest[0]].type == "members":
        name = f"{root}.{rest[0]}"
        hint = _filter_of(rest[1], [name])
        return f"{name} is a list" + (
            hint or f'; take its items: `{name} | pluck("{rest[1][:40]}")`'
        )
    if len(rest) > 1 and GROUPS[root][rest[0]].type != "any":
        name = f"{root}.{rest[0]}"
        return f"{name} has no fields of its own" + _filter_of(rest[1], [name])
    return None


def _field_suggestion(root: str, name: str) -> str:
    """Only the field is compared: the group's name would make every other field look near."""
    known = GROUPS[root]
    meant = next((known_as for known_as, field in known.items() if name in field.meant), name)
    return did_you_mean(meant, known, prefix=f"{root}.")


def _dotted(path: Sequence[str]) -> str:
    return ".".join(path)[:80]


def _filter_of(name: str, path: Sequence[str]) -> str:
    """What is a field elsewhere, and a filter here, such as `length`."""
    word = plain_word(name)
    meant = OTHER_NAMES.get(word, OTHER_NAMES.get(word.replace("_", ""), word))
    if meant not in FILTERS or FILTERS[meant].zoned:
        return ""
    return f"; write `{_dotted(path)} | {meant}`"


def _of_a_time(name: str) -> str:
    """How `weekday` and the like are asked for, which are no names."""
    meant = OTHER_NAMES.get(name, name)
    if meant not in FILTERS or not FILTERS[meant].zoned:
        return ""
    return f"; in `if` and `{{{{ }}}}` write `now | {meant}`"


_ANOTHERS = {"caller": "member.from", "callee": "member.to", "conferencename": "conference.name"}


def _in_other_words(name: str) -> str:
    """The field that is called so without its group elsewhere, as Plivo's `ConferenceName` is; ""
    when there is none, or several."""
    word = name.lower().replace("_", "")
    of_member = [f"member.{field}" for field in MEMBER if field.replace("_", "") == word]
    return _ANOTHERS.get(word) or (of_member[0] if of_member else "")


def _suggestion(path: Sequence[str]) -> str:
    every = [f"{root}.{name}" for root, names in GROUPS.items() for name in names]
    known = [name.split(".")[1] for name in every]
    if path[0].lower() in ("null", "nil", "undefined"):
        return "; what may be absent is asked by `is defined` or `is not defined`"
    if path[0].lower() in ("true", "false"):
        return f"; write {path[0].lower()} in small letters"
    if path[0] in ("env", "secrets", "process", "os", "environ", "ENV"):
        return "; the environment is not read in rules, but by `secret: {env: NAME}` of a webhook"
    if len(path) == 1 and (hint := _of_a_time(path[0])):
        return hint
    if len(path) == 1 and path[0] in known:
        return f"; did you mean {every[known.index(path[0])]!r}?"
    if len(path) == 1 and (name := _in_other_words(path[0])):
        return f"; did you mean {name!r}?"
    if len(path) == 1:
        return did_you_mean(path[0], [*SINGLE, *GROUPS])
    return did_you_mean(_dotted(path), [*every, *SINGLE])
