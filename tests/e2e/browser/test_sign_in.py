"""Signing in by an issuer on another site, in a real browser: the page's policy lets people go
there, and the cookie that ties both ends together comes back with them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from bench.chaos.processes import free_port
from tests.doubles.issuer import OidcIssuer, oidc_issuer
from tests.e2e.browser.test_console import browser, shows
from tests.e2e.story.processes import Process, answers
from tests.e2e.witness.test_sign_in_seen_outside import environment
from tests.valkey import start_valkey
from tests.waiting import until

__all__ = ["browser"]


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, OidcIssuer]]:
    folder: Path = tmp_path_factory.mktemp("sign-in")
    server, port = start_valkey(folder / "valkey"), free_port()
    url = f"http://127.0.0.1:{port}"
    with oidc_issuer("localhost", back=f"{url}/login/oidc/back") as issuer:
        web = Process(["-m", "cli", "web"], environment(server, issuer, port), folder)
        try:
            until(lambda: answers(f"{url}/healthz"), "web")
            yield url, issuer
        finally:
            web.stop()
            server.stop()


def test_somebody_goes_to_the_issuer_and_comes_back_signed_in(
    browser: Chrome, console: tuple[str, OidcIssuer]
) -> None:
    url, issuer = console
    issuer.claims = {"sub": "42", "preferred_username": "anna"}
    issuer.claims["realm_access"] = {"roles": ["keepers"]}
    browser.get(f"{url}/settings/you")
    browser.find_element(By.ID, "by-issuer").click()
    assert shows(browser, "Where you are signed in")
    assert browser.current_url == f"{url}/settings/you"
    assert shows(browser, "your organisation")
    assert {cookie["name"] for cookie in browser.get_cookies()} == {"gavel"}
