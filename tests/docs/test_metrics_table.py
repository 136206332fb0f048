"""docs/metrics.md has a row for each metric, as the catalogue has it."""

from pathlib import Path

import pytest

from app.metrics.catalogue import CLUSTER, INSTANCE, MOVED, Gauge
from app.metrics.counting import Counted, Histogram

DOCUMENT = Path(__file__).parents[2] / "docs" / "metrics.md"
TYPES = {Counted: "counter", Histogram: "histogram", Gauge: "gauge"}


def row(metric: Counted | Histogram | Gauge) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.name}` | {TYPES[type(metric)]} | {labels} | {metric.meaning} |"


def table(heading: str) -> list[str]:
    """The rows below a heading."""
    lines = DOCUMENT.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].splitlines()
    rows = [line for line in lines[: lines.index("## " + following(heading))] if "|" in line]
    return rows[2:]


def following(heading: str) -> str:
    heads = [
        line.removeprefix("## ") for line in DOCUMENT.read_text().splitlines() if line[:3] == "## "
    ]
    return heads[heads.index(heading) + 1]


@pytest.mark.parametrize(
    ("heading", "metrics"), [("One web server", INSTANCE), ("All of Gavel", CLUSTER)]
)
def test_every_metric_has_its_row(
    heading: str, metrics: tuple[Counted | Histogram | Gauge, ...]
) -> None:
    assert table(heading) == [row(one) for one in metrics]


def test_old_names_are_told_with_the_new_ones() -> None:
    renamed = {old: new for old, new in MOVED.items() if old != new}
    assert table("Names of before") == [
        f"| `{old}` | `{new}` |" for old, new in sorted(renamed.items())
    ]
