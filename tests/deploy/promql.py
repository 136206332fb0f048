"""Queries of Prometheus, read by a parser of its language."""

import re
from collections.abc import Iterator
from typing import Any

import promql_parser


def metrics_of(query: str) -> set[str]:
    """The metrics that a query names. Raises ValueError for what is none."""
    return {name for _, name in selectors_of(query)}


def selectors_of(query: str) -> Iterator[tuple[str, str]]:
    """What stands around each metric, innermost call or aggregation last, and its name."""
    yield from _walk(promql_parser.parse(re.sub(r"\$__rate_interval", "5m", query)), "")


def _walk(node: Any, around: str) -> Iterator[tuple[str, str]]:
    match type(node).__name__:
        case "VectorSelector":
            yield around, node.name
        case "MatrixSelector":
            yield around, node.vector_selector.name
        case "AggregateExpr":
            yield from _walk(node.expr, f"{around} {node.op} {_without(node)}".strip())
        case "Call":
            for argument in node.args:
                yield from _walk(argument, f"{around} {node.func.name}".strip())
        case "BinaryExpr":
            yield from _walk(node.lhs, around)
            yield from _walk(node.rhs, around)
        case "ParenExpr" | "UnaryExpr" | "SubqueryExpr":
            yield from _walk(node.expr, around)


def _without(node: Any) -> str:
    """What an aggregation leaves out of the labels, as it is written."""
    if node.modifier is None or "Without" not in str(node.modifier.type):
        return ""
    return f"without ({', '.join(node.modifier.labels)})"
