"""Entries of `limits` and `conferences`: those that none can reach, and what rules wait for."""

from typing import Any

from app.callers.joining import PROVED, Entry, contradiction, implies
from app.callers.pins import MOST_OF_CALLER
from app.domain.suggest import quoted
from app.yaml.problems import Report
from app.yaml.schema_errors import key_of
from app.yaml.tree import Map
from workers.rules.lint.parts import Globs, Parts, covers_all, only_globs, overlap
from workers.rules.vocabulary.model import Rule
from workers.rules.vocabulary.triggers import KINDS


def entries_are_reached(parts: Parts, report: Report) -> None:
    """Those that an earlier one hides."""
    for section, what in ((parts.limits, "limit"), (parts.answers, "entry")):
        earlier: list[tuple[Any, Globs, Map]] = []
        for entry, node, globs in section:
            for wider, wide, other in earlier:
                if covers_all(wide, globs) and _callers_covered(wider, entry):
                    whom = "caller" if getattr(entry, "checks", ()) else "conference"
                    report.warning(
                        node,
                        f"never used: the {what} on line {other.line} comes first and matches "
                        f"every {whom} of this one",
                    )
                    break
            if section is parts.answers or only_globs(node):
                earlier.append((entry, globs, node))


def _callers_covered(wide: Any, narrow: Any) -> bool:
    """Whether every caller of the one entry is also one of the other."""
    if not isinstance(wide, Entry):
        return True
    if wide.hours not in (None, narrow.hours):
        return False
    return all(any(implies(one, check) for one in narrow.checks) for check in wide.checks)


def refusals_are_whole(parts: Parts, report: Report) -> None:
    """What has no effect beside `refuse`, or beside an `action` whose XML takes over."""
    for entry, node, _ in parts.answers:
        for option in entry.options if "refuse" in entry.options else ():
            if option != "refuse":
                message = f"{option} has no effect: these callers are turned away by `refuse`"
                report.warning(key_of(node, option), message)
        if entry.options.get("action", {}).get("redirect") and "then" in entry.options:
            message = "then is never reached: the call goes on with the XML of `action`"
            report.warning(key_of(node, "then"), message)


def roles_can_be_proved(parts: Parts, report: Report) -> None:
    """A role is matched where some `ask_pin` gives it, and nobody who has one is asked again."""
    asking = [entry.options.get("ask_pin", {}) for entry in parts.answers.entries]
    given = {role for ask in asking for role in ask.get("roles", ())}
    for entry, node, _ in parts.answers:
        wanted = next((check for check in entry.checks if check.name == PROVED), None)
        if wanted is None:
            continue
        if "ask_pin" in entry.options:
            report.error(key_of(node, "ask_pin"), "who has proved a role is not asked again")
        elif not any(wanted.holds(role) for role in given):
            said = ", ".join(sorted(given)) or "none"
            message = f"never used: no `ask_pin` gives the role {wanted.said}; there is: {said}"
            report.warning(node, message)


def tries_can_be_made(parts: Parts, report: Report) -> None:
    """A caller has not more of them than the door allows in all calls together."""
    for entry, node, _ in parts.answers:
        if entry.options.get("ask_pin", {}).get("tries", 0) > MOST_OF_CALLER:
            report.warning(
                key_of(node["ask_pin"], "tries"),
                f"the door is closed to a caller after {MOST_OF_CALLER} wrong tries, in whatever "
                f"calls: more than {MOST_OF_CALLER} have no effect",
            )


def entries_can_match(parts: Parts, report: Report) -> None:
    """Those whose own conditions exclude each other."""
    for entry, node, _ in parts.answers:
        if name := contradiction(entry.checks):
            report.warning(node, f"never used: no caller's {name} is what `match` asks for")


def plivo_reports_what_rules_wait_for(parts: Parts, report: Report) -> None:
    """What an entry keeps from rules that wait for it."""
    for answer, node, globs in parts.answers:
        for rule in parts.rules:
            if rule.enabled and overlap(globs, rule.conference_globs):
                _reported(answer, node, rule, report)


def _reported(answer: Entry, node: Map, rule: Rule, report: Report) -> None:
    for trigger in rule.every_trigger:
        option = KINDS[trigger.kind].asks
        given = answer.options.get(option)
        if given is False:
            message = f"rule {quoted(rule.name)} waits for {trigger.kind}"
        elif isinstance(given, tuple) and trigger.parameter and trigger.parameter not in given:
            message = f"rule {quoted(rule.name)} waits for {trigger.parameter}, which is not here"
        else:
            continue
        report.warning(key_of(node, option), message)
