"""The console in a real browser, on a desk and on a phone, over a running `gavel up`."""

import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from bench.chaos.processes import free_port
from tests.e2e.browser.chromium import chromium
from tests.e2e.story.processes import Process, Sandbox, answers, bare_environment
from tests.waiting import PATIENCE, until

RULES = """
version: 1
rules:
  - name: Everyone joins muted
    when: member.entered
    do:
      - mute: member
"""
HOSTILE = "<img src=x onerror=alert(1)>"
SIZES = {"desk": (1280, 800), "phone": (390, 844)}


@dataclass
class Running:
    """A `gavel up` with its sandbox, and how it is asked for a link."""

    up: Process
    url: str
    sandbox: Sandbox
    environ: dict[str, str]
    folder: Path

    def link(self) -> str:
        """One that signs in as an admin."""
        asked = Process(["-m", "cli", "login-link"], self.environ, self.folder)
        asked.process.wait(PATIENCE)
        asked.stop()
        found = re.search(r"http\S+once=\S+", asked.output)
        assert found, asked.output
        return found[0]


@pytest.fixture(scope="module")
def gavel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp("console")
    (folder / "rules.yaml").write_text(RULES)
    port, control = free_port(), free_port()
    environ = bare_environment(PORT=str(port), SANDBOX_PORT=str(control))
    up = Process(["-m", "cli", "up"], environ, folder)
    url, sandbox = f"http://127.0.0.1:{port}", Sandbox(f"http://127.0.0.1:{control}")
    until(lambda: answers(f"{url}/readyz"), "ready")
    until(lambda: answers(sandbox.url), "the sandbox")
    yield Running(up, url, sandbox, environ, folder)
    up.stop(signal.SIGTERM)


@pytest.fixture(params=SIZES)
def browser(request: pytest.FixtureRequest) -> Iterator[Chrome]:
    """At the end it must have had nothing to complain of."""
    with chromium() as driver:
        driver.set_window_size(*SIZES[request.param])
        yield driver
        assert [one for one in driver.get_log("browser") if one["level"] == "SEVERE"] == []


def shows(browser: Chrome, part: str) -> bool:
    """Whether the page comes to show this by itself."""
    return WebDriverWait(browser, PATIENCE).until(
        lambda _: part in str(browser.execute_script("return document.body.innerText"))
    )


def foreign(browser: Chrome, url: str) -> list[str]:
    """What the page asked of another host."""
    names = browser.execute_script("return performance.getEntries().map(entry => entry.name)")
    return [name for name in names if name.startswith("http") and not name.startswith(url)]


def narrowest(browser: Chrome, selector: str) -> float:
    """The width of the narrowest of these, in pixels."""
    return float(
        browser.execute_script(
            "return Math.min(...[...document.querySelectorAll(arguments[0])]"
            ".map(one => one.getBoundingClientRect().width))",
            selector,
        )
    )


def sideways(browser: Chrome) -> bool:
    """Must one scroll sideways?"""
    return bool(
        browser.execute_script(
            "return document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
    )


def test_from_the_link_to_what_is_live_and_what_waits(browser: Chrome, gavel: Running) -> None:
    browser.get(gavel.link())
    browser.find_element(By.CSS_SELECTOR, "button.main").click()
    assert shows(browser, "Live")
    gavel.sandbox.call_in(HOSTILE)
    assert shows(browser, HOSTILE)  # by itself, and as a text
    assert not sideways(browser)
    browser.find_element(By.XPATH, f"//h3/a[normalize-space()='{HOSTILE}']").click()
    assert shows(browser, "Everyone joins muted")
    assert not sideways(browser)
    assert narrowest(browser, ".story .what") > 150  # pixels: a word has its place
    browser.find_element(By.CSS_SELECTOR, "a[href='/attention']").click()
    assert shows(browser, "Nothing needs you.")
    assert not sideways(browser)
    assert foreign(browser, gavel.url) == []
    browser.find_element(By.CSS_SELECTOR, ".menu summary").click()
    browser.find_element(By.CSS_SELECTOR, ".menu form button").click()
    assert shows(browser, "gavel login-link")


def test_a_link_signs_in_once(browser: Chrome, gavel: Running) -> None:
    link = gavel.link()
    browser.get(link)
    browser.find_element(By.CSS_SELECTOR, "button.main").click()
    assert shows(browser, "Live")
    browser.delete_all_cookies()
    browser.get(link)
    browser.find_element(By.CSS_SELECTOR, "button.main").click()
    assert shows(browser, "This link was used")
    browser.get_log("browser")  # the 401 that was meant
