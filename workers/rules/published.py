"""What the receiver needs to know of the rules: it cannot read them, since `app` knows no rules."""

from collections.abc import Iterator
from typing import Any

from workers.rules.engine.index import Rules
from workers.rules.vocabulary.actions import BY_HAND, VERBS
from workers.rules.vocabulary.model import Rule
from workers.rules.vocabulary.triggers import EVENTS, KINDS

ANY_DIGITS = tuple("0123456789*#")


def published(rules: Rules) -> dict[str, Any]:
    """As JSON: names of triggers, and answer options with what the rules wait for."""
    return {
        "digest": rules.digest,
        "trigger_names": sorted(trigger_names(rules)),
        "answers": [entry.to_json() for entry in rules.answers if entry.lets_in_by_name],
        **_joining(rules),
        "digits": [
            {"conference": list(_globs(rule)), "digits": list(digits)}
            for rule, digits in _digits(rules)
        ],
        "by_hand": sorted(BY_HAND),
        "rules": {rule.id: rule.name for rule in rules.rules},
        "about": {rule.id: _about(rule) for rule in rules.rules},
        "lists": sorted(rules.lists),
        "words": {kind: event.words for kind, event in EVENTS.items()},
        "said": {name: verb.said for name, verb in VERBS.items()},
        "floor": sorted({glob for rule in _waiting(rules, "floor_event") for glob in _globs(rule)}),
    }


def _about(rule: Rule) -> dict[str, Any]:
    """What people are told of a rule."""
    ensured = [f"ensures {wish.state}" for wish in rule.ensures]
    return {
        "line": rule.line,
        "when": [*dict.fromkeys(trigger.kind for trigger in rule.triggers), *ensured],
        "conferences": list(rule.conference_globs),
        "enabled": rule.enabled,
        "dry_run": rule.dry_run,
    }


def trigger_names(rules: Rules) -> frozenset[str]:
    """The names that some enabled rule listens to (`POST /triggers/<name>`)."""
    return frozenset(
        str(trigger.parameter)
        for rule in rules.rules
        for trigger in rule.every_trigger
        if rule.enabled and trigger.kind == "trigger"
    )


def _waiting(rules: Rules, option: str) -> Iterator[Rule]:
    """The enabled rules for which Plivo must be asked to report something, by that option."""
    for rule in rules.rules:
        asked = {KINDS[trigger.kind].asks for trigger in rule.every_trigger}
        if rule.enabled and option in asked:
            yield rule


def _digits(rules: Rules) -> Iterator[tuple[Rule, tuple[str, ...]]]:
    for rule in _waiting(rules, "digits_match"):
        wanted = [t.parameter for t in rule.every_trigger if KINDS[t.kind].asks == "digits_match"]
        yield rule, ANY_DIGITS if None in wanted else tuple(wanted)


def _globs(rule: Rule) -> tuple[str, ...]:
    return rule.conference_globs or ("*",)


def _joining(rules: Rules) -> dict[str, Any]:
    """All entries, where some are not for everybody, or turn callers away; a receiver of an older
    version reads `answers` alone, and would let all callers in by those."""
    if all(entry.lets_in_by_name for entry in rules.answers):
        return {}
    return {"joining": [entry.to_json() for entry in rules.answers]}
