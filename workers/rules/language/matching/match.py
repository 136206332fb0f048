"""`match`: every key must hold. A text is a glob, a list is any of, a mapping is operators.

Compiled once; what is compared is typed by the catalogue of names. A field that is absent makes
the answer unknown, unless another key already says no.
"""

from typing import Any

from app.domain.suggest import quoted
from app.yaml.problems import Report
from app.yaml.schema_fields import is_empty, kind_of
from app.yaml.tree import Map, Seq, Text
from workers.rules.expressions.conditions import Check, Match
from workers.rules.expressions.scope import Scope
from workers.rules.language.matching.matched_key import KeyReader


def conference_globs(node: Any) -> tuple[str, ...]:
    """The globs under `conference`, for the index; empty when there are none to go by."""
    if not isinstance(node, Map):
        return ()
    for key in ("conference", "conference.name"):
        value = node.find(key)
        if isinstance(value, Text) and not is_empty(value):
            return (str(value),)
        if isinstance(value, Seq) and value and all(isinstance(item, Text) for item in value):
            return tuple(str(item) for item in value)
    return ()


def compile_match(node: Any, scope: Scope, report: Report, only: str = "") -> Match | None:
    """None when there is nothing to hold; everything wrong goes to the report. With `only`, no
    other name may be asked about."""
    if not isinstance(node, Map):
        report.error(node, f"expected a mapping of names to values, not {kind_of(node)}")
        return None
    if not node:
        report.error(node, "match is empty; leave it out to match everything")
    checks: list[Check] = []
    if "conference" in node and "conference.name" in node:
        full = next(key for key in node if key == "conference.name")
        report.error(full, "conference means conference.name; write one of them")
    for key, value in node.items():
        path = ("conference", "name") if key == "conference" else tuple(key.split("."))
        problem = _only(key, path, only) or scope.problem(path) or _of_a_mapping(path)
        if problem:
            report.error(key, problem)
            continue
        checks += KeyReader(path, scope, report).read(value, key)
    return Match(tuple(checks))


def _of_a_mapping(path: tuple[str, ...]) -> str | None:
    """`data` itself, which is no text, number or flag."""
    if path not in (("data",), ("awaited",)):
        return None
    return f"{path[0]} is a mapping; match one of its fields: `{path[0]}.NAME`"


def _only(key: str, path: tuple[str, ...], only: str) -> str | None:
    if only and ".".join(path) != only:
        return f"only `conference` can be matched here, not {quoted(key)}"
    return None
