"""Reading the nodes of a file of tests: what cannot be used is reported at its place."""

import re
from typing import Any

from app.domain.durations import parse_duration
from app.domain.suggest import did_you_mean, quoted
from app.yaml.problems import Report
from app.yaml.tree import Map, Seq, Text

_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?([eE][+-]?[0-9]{1,2})?")


class Nodes:
    """Each method answers a value of its type, and an empty one after reporting a mistake."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def only(self, node: Map, known: set[str] | frozenset[str], what: str) -> None:
        for key in node:
            if key not in known:
                hint = did_you_mean(key, known)
                self.report.error(key, f"{quoted(key)} is nothing that {what} has{hint}")

    def items(self, node: Any, at: Any, what: str) -> list[Any]:
        if isinstance(node, Seq):
            return list(node)
        if node is not None:
            self.report.error(node, f"{what} is a list; begin each entry with `-`")
        elif what == "tests":
            self.report.error(at, "there are no tests; begin with `tests:`")
        return []

    def text(self, node: Any, what: str = "a text") -> str:
        if isinstance(node, Text):
            return str(node)
        self.report.error(node, f"expected {what}")
        return ""

    def flag(self, node: Any) -> bool:
        if node not in ("true", "false"):
            self.report.error(node, "expected true or false")
        return bool(node == "true")

    def seconds(self, node: Any) -> float:
        try:
            return parse_duration(self.text(node, "a duration"))
        except ValueError as error:
            self.report.error(node, str(error))
            return 0.0

    def ids(self, node: Any) -> tuple[str, ...]:
        return tuple(self.text(item) for item in (node if isinstance(node, Seq) else [node]))

    def mapping(self, node: Any) -> dict[str, Any]:
        if isinstance(node, Map):
            return {str(key): self.free(value) for key, value in node.items()}
        self.report.error(node, "expected a mapping, such as {tier: gold}")
        return {}

    def free(self, node: Any) -> Any:
        """As JSON would have it: plain numbers, true, false and null are that, the rest is text."""
        if isinstance(node, Map):
            return self.mapping(node)
        if isinstance(node, Seq):
            return [self.free(item) for item in node]
        return _scalar(node)


def _scalar(node: Text) -> Any:
    if not node.plain:
        return str(node)
    if node in ("true", "false", "null", ""):
        return {"true": True, "false": False}.get(str(node))
    if not _NUMBER.fullmatch(node):
        return str(node)
    return float(node) if set(node) & set(".eE") else int(node)
