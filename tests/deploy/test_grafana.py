"""The two dashboards: every query is about metrics that we tell, every link leads to a page."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from app.factory import create_app
from app.store.inbox import Inbox
from tests.app.builders import settings
from tests.deploy.files import DEPLOY
from tests.deploy.promql import metrics_of, selectors_of
from tests.deploy.test_prometheus import RECORDED, is_of_the_cluster, told

FILES = sorted((DEPLOY / "grafana").glob("*.json"))
OF_PROCESSES = {
    "process_cpu_seconds_total",
    "process_open_fds",
    "process_resident_memory_bytes",
}


def dashboard(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def panels(path: Path) -> list[dict[str, Any]]:
    return [one for one in dashboard(path)["panels"] if one["type"] != "row"]


def queries() -> Iterator[tuple[str, str]]:
    for path in FILES:
        for panel in panels(path):
            yield from ((panel["title"], target["expr"]) for target in panel["targets"])
        for note in dashboard(path)["annotations"]["list"]:
            yield note["name"], note["expr"]


@pytest.mark.parametrize(("title", "query"), [*queries()])
def test_a_query_is_about_metrics_that_we_tell(title: str, query: str) -> None:
    named = metrics_of(query)
    assert named <= {*told(), *RECORDED, *OF_PROCESSES}, title
    assert named


@pytest.mark.parametrize(("title", "query"), [*queries()])
def test_what_comes_from_the_cluster_is_not_summed_over_web_servers(title: str, query: str) -> None:
    for around, name in selectors_of(query):
        assert not is_of_the_cluster(name) or "max without" in around, (title, name)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dashboard_can_be_provisioned_anywhere(path: Path) -> None:
    found = dashboard(path)
    assert (found["uid"], "id" in found) == (path.stem, False)
    sources = {json.dumps(one["datasource"]) for one in panels(path)}
    assert sources == {json.dumps({"type": "prometheus", "uid": "${datasource}"})}
    names = [one["name"] for one in found["templating"]["list"]]
    assert {"datasource", "console"} <= set(names)
    used = set(re.findall(r"\$\{?([a-z]\w*)", path.read_text(encoding="utf-8")))
    assert used <= set(names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_panel_lies_on_another(path: Path) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard(path)["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_a_link_leads_to_a_page_of_the_console(redis: Redis) -> None:
    pages = {rule.rule for rule in create_app(settings(), Inbox(redis)).url_map.iter_rules()}
    linked = {
        link["url"].removeprefix("${console}").partition("?")[0]
        for path in FILES
        for panel in panels(path)
        for link in panel["fieldConfig"]["defaults"].get("links", ())
    }
    assert linked
    assert linked <= pages
