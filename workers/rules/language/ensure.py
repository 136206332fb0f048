"""`ensure`: what a rule holds as it shall be, instead of waiting for something."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from app.yaml.problems import Report
from app.yaml.schema_errors import key_of
from app.yaml.tree import Map
from workers.rules.expressions.scope import Scope
from workers.rules.language.steps.step_values import StepValues
from workers.rules.nodes.targets_as_written import TargetSpec
from workers.rules.vocabulary.model import Wish
from workers.rules.vocabulary.names import ALWAYS, GROUPS, SINGLE
from workers.rules.vocabulary.states import STATES

_NO_EVENT = {name: "ensure" for name in (*GROUPS, *SINGLE) if name not in ALWAYS}


def scope_of_ensure(
    lists: Mapping[str, tuple[str, ...]],
    zone: tzinfo,
    vars: Mapping[str, str],
    given: Mapping[str, frozenset[str]],
) -> Scope:
    """What is known without an event."""
    return Scope(_NO_EVENT, lists, zone, vars, given)


def read_ensure(
    node: Map, written: Mapping[str, Any], scope: Scope, report: Report
) -> tuple[Wish, ...]:
    """What is ensured, in the order of the file; everything wrong goes to the report."""
    values = StepValues(scope, report)
    if not written and not report.errors:
        report.error(key_of(node, "ensure"), f"ensure is empty; it says one of {', '.join(STATES)}")
    return tuple(
        _wish(name, written[name], values) for name in map(str, node["ensure"]) if name in written
    )


def _wish(name: str, value: Any, values: StepValues) -> Wish:
    state = STATES[name]
    if isinstance(value, TargetSpec):
        return Wish(name, state.flag, bool(state.value), values.target(value))
    so, params = value
    return Wish(name, state.flag, so, None, params)
