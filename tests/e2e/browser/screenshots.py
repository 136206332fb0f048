"""The pictures of README: `python -m tests.e2e.browser.screenshots` takes both anew.

It starts the demo in a folder of its own, and looks at the two pages while three callers are in.
"""

import json
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.request import urlopen

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from bench.chaos.processes import free_port
from tests.e2e.browser.chromium import chromium
from tests.e2e.story.processes import ROOT, Process, bare_environment
from tests.waiting import PATIENCE, until

IMAGES = ROOT / "docs" / "images"
SIZE = (1500, 940)


def main() -> None:
    """Write `docs/images/console.png` and `docs/images/sandbox.png`."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environ = bare_environment(PORT=str(free_port()), SANDBOX_PORT=str(free_port()))
        init = [sys.executable, "-m", "cli", "init"]
        subprocess.run(init, env=environ, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        up = Process(["-m", "cli", "up"], environ, folder)
        try:
            _take(up, f"http://127.0.0.1:{environ['SANDBOX_PORT']}")
        finally:
            up.stop(signal.SIGTERM)


def _take(up: Process, sandbox: str) -> None:
    up.until_said("/login?once=")
    link = re.search(r"http://\S+/login\?once=\S+", up.output)
    assert link
    with chromium() as browser:
        browser.set_window_size(*SIZE)
        browser.get(link[0])
        browser.find_element(By.CSS_SELECTOR, "main button, form button").click()
        until(lambda: "login" not in browser.current_url, "the console")
        console = browser.current_url
        until(lambda: _callers(sandbox) == 3, "three callers")
        browser.get(console)
        browser.find_element(By.LINK_TEXT, "demo-standup").click()
        _save(browser, browser.current_url, "console")
        _save(browser, sandbox, "sandbox")


def _callers(sandbox: str) -> int:
    with urlopen(f"{sandbox}/sandbox/state", timeout=PATIENCE) as answer:
        return sum(len(room["members"]) for room in json.load(answer)["conferences"])


def _save(browser: Chrome, url: str, name: str) -> None:
    browser.get(url)
    until(lambda: "demo-standup" in browser.page_source, "the demo")
    assert browser.save_screenshot(str(IMAGES / f"{name}.png"))


if __name__ == "__main__":
    main()
