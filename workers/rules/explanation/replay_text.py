"""A diff of decisions for people."""

from collections.abc import Iterator
from datetime import UTC, tzinfo

from app.domain.moments import written
from workers.rules.explanation.replay import Change, Diff


def render_diff(diff: Diff, *, zone: tzinfo = UTC) -> str:
    """One paragraph a change: `-` as it was, `+` as it would be."""
    lines = [line for change in diff.changes for line in _change(change, zone)]
    count = len(diff.changes)
    if diff.unanswered:
        asked = "1 webhook asks" if diff.unanswered == 1 else f"{diff.unanswered} webhooks ask"
        lines.append(f"{asked} for an answer that is not recorded: taken for 200 without a body")
    total = f"{diff.events} events replayed, {count} decided differently"
    return "\n".join((*lines, total)) + "\n"


def _change(change: Change, zone: tzinfo) -> Iterator[str]:
    moment = written(change.at, zone, milliseconds=True)
    name = f" {change.event}" if change.event else ""
    yield f"{moment} {change.conference}: {change.kind}{name}"
    for rule, before, after in change.runs:
        yield f"    {rule}: {before or 'not asked'} -> {after or 'not asked'}"
    for call in change.only_before:
        yield f"  - {call}"
    for call in change.only_after:
        yield f"  + {call}"
