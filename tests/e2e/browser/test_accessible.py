"""The console held against axe-core's rules: every page, wide and narrow, light and dark."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from app.store import keys
from app.store.connection import connect
from cli.up import embedded
from tests.app.console.test_live import give_up
from tests.app.console.test_recordings import recorded
from tests.e2e.browser.chromium import chromium
from tests.e2e.browser.test_console import HOSTILE, SIZES, Running, gavel, press, shows, sideways

AXE = Path(__file__).parent / "axe"
THEMES = ("light", "dark")
PAGES = ("/live", "/conferences", "/recordings", "/rules", "/attention", "/settings/doctor")
PAGES += ("/settings/you", "/settings/about", "/recordings/copies")
PAGES_OF_ADMINS = ("/settings/access", "/settings/audit")
RUN = """
const done = arguments[0];
const broken = (error) => [{id: String(error), impact: "serious", nodes: []}];
axe.run(document, {resultTypes: ["violations"]})
  .then((found) => done(found.violations), (error) => done(broken(error)));
"""

__all__ = ["gavel"]


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core, as the lock file has it."""
    source = AXE / "node_modules" / "axe-core" / "axe.min.js"
    if not source.exists():
        subprocess.run(["npm", "ci", "--silent"], cwd=AXE, check=True, timeout=300)
    return source.read_text(encoding="utf-8")


@pytest.fixture(params=[(size, theme) for size in SIZES for theme in THEMES], ids="-".join)
def browser(request: pytest.FixtureRequest) -> Iterator[Chrome]:
    size, theme = request.param
    with chromium() as driver:
        driver.set_window_size(*SIZES[size])
        scheme = {"name": "prefers-color-scheme", "value": theme}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        yield driver
        assert [one for one in driver.get_log("browser") if one["level"] == "SEVERE"] == []


def faults(browser: Chrome, axe: str) -> list[str]:
    """Serious ones of the page that is shown, as lines: the rule and where."""
    browser.execute_script(
        "document.querySelectorAll('main details').forEach(one => one.open = true)"
    )
    browser.execute_script(axe)
    found: list[dict[str, Any]] = browser.execute_async_script(RUN)
    return [
        f"{browser.current_url}: {one['id']} {json.dumps([n['target'] for n in one['nodes']][:3])}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def test_no_page_has_a_serious_fault(browser: Chrome, gavel: Running, axe: str) -> None:
    with connect(embedded.url(embedded.socket_path(gavel.folder / "var" / "valkey"))) as redis:
        give_up(redis, "room")
        recorded(redis, HOSTILE, HOSTILE, archive_error="the bucket is not there")
    gavel.sandbox.call_in(HOSTILE)
    gavel.sandbox.until_asked(HOSTILE, "mute")
    browser.set_script_timeout(120)
    browser.get(gavel.link())
    found = faults(browser, axe)
    browser.find_element(By.CSS_SELECTOR, "button.main").click()
    for page in (*PAGES, f"/c/{keys.conference_key(HOSTILE)}", *PAGES_OF_ADMINS):
        browser.get(gavel.url + page)
        found += faults(browser, axe)
    browser.get(f"{gavel.url}/c/{keys.conference_key(HOSTILE)}")
    browser.execute_script("document.getElementById('show-numbers').open = true")
    press(browser, "Show the numbers", "show-numbers")
    assert shows(browser, "Shown this once")
    found += faults(browser, axe)
    browser.get(f"{gavel.url}/rules?event=member.entered&conference=board-1&member_id=7")
    press(browser, "Ask", "try")
    assert shows(browser, "applies")
    found += faults(browser, axe)
    browser.get(f"{gavel.url}/recordings?q=onerror&state=failed")
    found += faults(browser, axe)
    browser.find_element(By.CSS_SELECTOR, "a[data-row]").click()
    found += faults(browser, axe)
    press(browser, "Copy it where the rules say", "copy")
    assert shows(browser, "no rule copies recordings of the conference")
    assert not sideways(browser)
    assert [*found, *faults(browser, axe)] == []
