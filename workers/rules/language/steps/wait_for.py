"""`wait_for`: what a run waits for, read as `when`, `match` and `if` of a rule are."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.yaml.problems import Report
from app.yaml.schema_errors import key_of
from app.yaml.tree import Map, Seq, Text
from workers.rules.expressions.expressions import compile_expression
from workers.rules.expressions.scope import Scope, scope_of
from workers.rules.expressions.syntax import ExpressionError
from workers.rules.language.matching.match import compile_match
from workers.rules.language.when import read_when
from workers.rules.nodes.nested_as_written import WaitFor
from workers.rules.vocabulary.model import Condition
from workers.rules.vocabulary.triggers import KINDS


def read_wait_for(
    item: Map, written: Mapping[str, Any], scope: Scope, report: Report
) -> dict[str, Any]:
    """The parameters of the step; everything wrong goes to the report."""
    triggers = read_when(written["when"], report) if "when" in written else ()
    kinds = [trigger.kind for trigger in triggers]
    own = scope_of(kinds, scope.lists, scope.zone, scope.vars, scope.given)
    own = replace(own, lacking={**own.lacking, "response": "what a `wait_for` waits for"})
    found: dict[str, Any] = {"triggers": triggers}
    if "match" in written:
        found["match"] = compile_match(written["match"], own, report)
        found["asked"] = _bare(written["match"])
    if "condition" in written:
        found["condition"] = _condition(written["condition"], own, report)
    found |= {key: written[key] for key in ("by", "timeout") if key in written}
    _check_whose(item, found.get("by"), kinds, scope, report)
    if item.find("else") is not None and "timeout" not in written:
        report.error(key_of(item, "else"), "else needs a `timeout`, after which it is done")
    return found


def _check_whose(item: Map, by: str | None, kinds: list[str], scope: Scope, report: Report) -> None:
    has_member = kinds and all(KINDS[kind].member != "never" for kind in kinds)
    surely = has_member and all(KINDS[kind].member != "maybe" for kind in kinds)
    where = next(key for key in item if key == "wait_for")
    if not WaitFor().fields.keys() | {"if"} >= set(item["wait_for"]):
        return  # whose it is may stand under the wrong key
    if by is None and surely and "member" not in scope.lacking:
        said = "by: member` (whom this rule is about) or `by: anybody"
        report.error(where, f"say whose {' or '.join(kinds)} it waits for: `{said}`")
    elif by == "member" and "member" in scope.lacking:
        report.error(where, f"by: member, but {scope.lacking['member']} is not about a member")
    elif by == "member" and kinds and not has_member:
        without = next(kind for kind in kinds if KINDS[kind].member == "never")
        report.error(where, f"by: member, but {without} is not about a member")


def _condition(text: Text, scope: Scope, report: Report) -> Condition | None:
    try:
        made = compile_expression(text, scope)
    except ExpressionError as error:
        report.error(text.at(error.offset), str(error))
        return None
    for message, offset in made.doubts:
        report.warning(text.at(offset), message)
    return made


def _bare(node: Any) -> Any:
    """As it was written: what tells one rule from another."""
    if isinstance(node, Map):
        return sorted([str(key), _bare(value)] for key, value in node.items())
    return [_bare(item) for item in node] if isinstance(node, Seq) else str(node)
