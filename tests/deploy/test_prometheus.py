"""Rules and alerts for Prometheus, held against what we tell; promtool has a folder of its own."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from app.metrics.catalogue import CLUSTER_NAMES, INSTANCE_NAMES
from tests.deploy.files import DEPLOY, ROOT
from tests.deploy.promql import metrics_of, selectors_of

FOLDER = DEPLOY / "prometheus"
RULES = FOLDER / "gavel.rules.yaml"
TESTS = FOLDER / "gavel.rules_test.yaml"
GROUPS: list[dict[str, Any]] = yaml.safe_load(RULES.read_text())["groups"]
EVERY: list[dict[str, Any]] = [rule for group in GROUPS for rule in group["rules"]]
ALERTS = {rule["alert"]: rule for rule in EVERY if "alert" in rule}
RECORDED = {rule["record"] for rule in EVERY if "record" in rule}
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_is_tested_both_ways(name: str) -> None:
    cases = yaml.safe_load(TESTS.read_text())["tests"]
    tested = [one for case in cases for one in case.get("alert_rule_test", ())]
    quiet = [one for one in tested if not one.get("exp_alerts")]
    loud = [one for one in tested if one.get("exp_alerts")]
    firing = [
        sample["labels"]
        for case in cases
        for one in case.get("promql_expr_test", ())
        for sample in one["exp_samples"]
        if "ALERTS" in one["expr"]
    ]
    assert name in {one["alertname"] for one in quiet}
    assert name in {one["alertname"] for one in loud} or f'{{alertname="{name}"}}' in firing


@pytest.mark.parametrize("rule", EVERY, ids=lambda rule: rule.get("record") or rule["alert"])
def test_every_metric_that_a_rule_names_is_one_of_ours(rule: dict[str, Any]) -> None:
    ours = {*told(), *RECORDED, "up"}
    assert metrics_of(rule["expr"]) <= ours


@pytest.mark.parametrize("rule", EVERY, ids=lambda rule: rule.get("record") or rule["alert"])
def test_what_comes_from_the_cluster_is_not_summed_over_web_servers(rule: dict[str, Any]) -> None:
    for around, name in selectors_of(rule["expr"]):
        assert not is_of_the_cluster(name) or "max without" in around or around == "absent", name


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_it_wants_and_where_that_is_explained(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in ("page", "ticket")
    path, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    assert path == "docs/operations.md"
    section = sections()[anchor]
    assert name in section or ("Burn" in name and "Gavel…Burn" in section)
    assert rule["labels"]["severity"] in section
    assert rule["annotations"]["summary"]


def test_every_section_of_the_runbook_belongs_to_an_alert() -> None:
    named = set(re.findall(r"`(Gavel[A-Z]\w+)`", OPERATIONS))
    assert named == {name for name in ALERTS if "Burn" not in name}


def sections() -> dict[str, str]:
    """Of operations.md, by the anchors that a page makes of its headings."""
    parts = re.split(r"^#{2,3} (.+)$", OPERATIONS, flags=re.MULTILINE)[1:]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-"): text for head, text in pairs}


def told() -> set[str]:
    """Every name of a sample that we tell."""
    return set(samples((*INSTANCE_NAMES, *CLUSTER_NAMES)))


def samples(names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        yield name
        if name.endswith("_seconds"):
            yield from (f"{name}_{part}" for part in ("bucket", "count", "sum"))


def is_of_the_cluster(name: str) -> bool:
    return name in set(samples(CLUSTER_NAMES))
