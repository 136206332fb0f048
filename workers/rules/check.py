"""What is well written and still wrong: rules that can never run, or that another hides."""

from collections.abc import Mapping, Sequence
from typing import Any

from workers.rules.model import AnswerOptions, Limit, Rule
from workers.rules.problems import Report
from workers.rules.source import Map


def check_rule(rule: Rule, node: Map, report: Report) -> None:
    """One rule by itself."""


def check_file(
    rules: Sequence[Rule],
    limits: Sequence[Limit],
    answers: Sequence[AnswerOptions],
    lists: Mapping[str, tuple[str, ...]],
    nodes: Sequence[Any],
    report: Report,
) -> None:
    """The rules together."""
