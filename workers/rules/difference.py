"""What one version of the rules changed against another, for the log and in words."""

from collections.abc import Iterable

from workers.rules.engine.index import Rules

_NAMED = 20


def difference(before: Rules, after: Rules) -> dict[str, str]:
    """`added`, `changed` and `removed`: the names of those rules; `lists`, `vars`: of those that
    differ. Only what there is. A rule that was merely moved in the file is as it was."""
    old = {rule.name: rule.id for rule in before.rules}
    new = {rule.name: rule.id for rule in after.rules}
    lists = before.lists.keys() | after.lists.keys()
    found = {
        "added": _named(name for name in new if name not in old),
        "changed": _named(name for name in new if name in old and new[name] != old[name]),
        "removed": _named(name for name in old if name not in new),
        "lists": _named(
            sorted(name for name in lists if before.lists.get(name) != after.lists.get(name))
        ),
        "vars": _named(
            name
            for name in sorted(before.vars.keys() | after.vars.keys())
            if before.vars.get(name) != after.vars.get(name)
        ),
    }
    return {what: names for what, names in found.items() if names}


def in_words(before: Rules | None, after: Rules) -> str:
    """How many rules there are, and what changed: `3 rules; added “A”; removed “B”`."""
    count = len(after.rules)
    said = "1 rule" if count == 1 else f"{count} rules"
    changes = difference(before, after) if before is not None else {}
    return "; ".join((said, *(f"{what} {names}" for what, names in changes.items())))


def _named(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - _NAMED} more" if len(every) > _NAMED else ""
    return ", ".join(every[:_NAMED]) + more
