"""`gavel doctor` beside a running service: is it ours, and does it look like an attack?"""

import http.client
import http.server
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from tests.commands import run_gavel
from tests.e2e.witness.conftest import Stage
from tests.valkey import start_valkey


def examined(stage: Stage, **environ: str) -> dict[str, list[tuple[str, str]]]:
    """What doctor finds: level and text, by what was examined."""
    done = run_gavel("doctor", "--json", environ=stage.environ | environ, folder=stage.folder)
    told: dict[str, Any] = json.loads(done.output)
    found: dict[str, list[tuple[str, str]]] = {}
    for one in told["findings"]:
        found.setdefault(one["name"], []).append((one["level"], one["text"]))
    return found


def test_its_own_service_is_known_and_its_probe_is_no_warning(stage: Stage) -> None:
    found = examined(stage, PLIVO_AUTH_TOKN="x")
    assert found["public url"] == [("ok", f"{stage.url} reaches Gavel, which is ready")]
    assert ("ok", "an unsigned request is refused") in found["signature"]
    [(level, text)] = [one for one in found["settings"] if one[0] != "ok"]
    assert (level, "did you mean PLIVO_AUTH_TOKEN?" in text) == ("warning", True)
    assert stage.get("/readyz").startswith("ready\n")
    log = (stage.folder / "var" / "log" / "web.log").read_text()
    probes = [line for line in log.splitlines() if "gavel-doctor" in line and " refuse" in line]
    assert probes
    assert not [line for line in probes if "WARNING" in line]
    assert "gavel-doctor" not in stage.up.output


def test_a_gavel_of_another_redis_is_not_taken_for_ours(stage: Stage, tmp_path: Path) -> None:
    server = start_valkey(tmp_path / "valkey")
    try:
        found = examined(stage, REDIS_URL=f"redis://{server.host}:{server.port}/0")
    finally:
        server.stop()
    [(level, text)] = found["public url"]
    assert (level, "reaches another Gavel" in text) == ("bad", True)
    [(level, text)] = examined(stage, REDIS_URL="redis://127.0.0.1:1/0")["public url"]
    assert (level, "whether it is yours can not be told" in text) == ("warning", True)


@contextmanager
def proxy(stage: Stage, passes: str, taken_off: str = "") -> Iterator[str]:
    """A proxy that passes on what begins so, without what it takes off; the address it has."""

    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.startswith(taken_off + passes):
                self.send_error(404)
                return
            asked = http.client.HTTPConnection(urlsplit(stage.url).netloc)
            asked.request("GET", self.path.removeprefix(taken_off), headers=dict(self.headers))
            answer = asked.getresponse()
            body = answer.read()
            self.send_response(answer.status)
            for name in ("Location", "Gavel-Probe", "Content-Length"):
                if value := answer.getheader(name):
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{taken_off}"
        finally:
            server.shutdown()
            thread.join()


def test_a_proxy_that_takes_the_path_off_serves_no_console(stage: Stage) -> None:
    with proxy(stage, "/", taken_off="/gavel") as url:
        [(level, text)] = examined(stage, CONSOLE_URL="", PUBLIC_URL=url)["console"]
    assert (level, text.startswith("the proxy takes /gavel off the path")) == ("warning", True)
    [(level, text)] = examined(stage)["console"]
    assert (level, text) == ("ok", f"{stage.url} reaches the console")


def test_what_is_not_gavel_is_not_taken_for_it(stage: Stage) -> None:
    class Another(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Says nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Another)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        [(level, text)] = examined(stage, PUBLIC_URL=url)["public url"]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert (level, "is not Gavel" in text) == ("bad", True)
