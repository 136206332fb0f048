"""One `gavel up` with its own sandbox, rules for everything, and a receiver of webhooks."""

import json
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from bench.chaos.processes import free_port
from sandbox.control.client import ControlClient
from tests.commands import run_gavel
from tests.e2e.story.processes import Process, answers, bare_environment
from tests.e2e.witness import words
from tests.sandbox.service import Service
from tests.waiting import PATIENCE, until

HERE = Path(__file__).parent
TOKEN = "token-for-the-witness"
PIN = "270915"
SECRET = "whsec_d2l0bmVzcy13aXRuZXNzLXdpdG5lc3M="


class Log:
    """A log of the sandbox; what is over and done with is asked for once."""

    def __init__(self, read: Callable[[int], list[dict[str, Any]]]) -> None:
        self._read = read
        self._over: list[dict[str, Any]] = []

    def entries(self) -> list[dict[str, Any]]:
        """All of them, those that are not answered yet as well."""
        found = self._read(self._over[-1]["n"] if self._over else 0)
        while found and (found[0]["status"] or found[0]["error"]):
            self._over.append(found.pop(0))
        return self._over + found


@dataclass
class Stage:
    """The running processes, and what the far side saw."""

    up: Process
    environ: dict[str, str]
    folder: Path
    url: str
    sandbox: ControlClient
    receiver: Service

    def __post_init__(self) -> None:
        self.requests, self.deliveries = Log(self.sandbox.requests), Log(self.sandbox.deliveries)

    def enter(self, conference: str, **wanted: Any) -> str:
        """Somebody calls in and is in the conference; the call's id."""
        call = self.sandbox.call_in(conference, **wanted)
        until(lambda: call in self.calls(conference), f"{conference} entered")
        return call

    def calls(self, conference: str) -> list[str]:
        """The calls whose callback `enter` was answered 200."""
        return [
            one["fields"]["CallUUID"]
            for one in self.deliveries.entries()
            if (one["action"], one["conference"], one["status"]) == ("enter", conference, 200)
        ]

    def asked(self, conference: str) -> list[tuple[str, Mapping[str, Any]]]:
        """Operation and parameters of what was asked of the API and done, reads left out."""
        return [
            (one["operation"], one["params"])
            for one in self.requests.entries()
            if one["conference"] == conference
            and one["method"] != "GET"
            and 200 <= (one["status"] or 0) < 300
        ]

    def member_ids(self, conference: str) -> list[str]:
        """Who is in a conference of the sandbox."""
        rooms = self.sandbox.state()["conferences"]
        return [m["id"] for r in rooms if r["name"] == conference for m in r["members"]]

    def members_asked(self, conference: str, operation: str) -> list[str]:
        """For which members it was done, in order. Two that were wanted at once go out as one."""
        return [
            member
            for one in self.requests.entries()
            if (one["conference"], one["operation"]) == (conference, operation)
            and 200 <= (one["status"] or 0) < 300
            for member in one["members"]
        ]

    def operations(self, conference: str) -> list[str]:
        return [operation for operation, _ in self.asked(conference)]

    def until_asked(self, conference: str, *operations: str) -> None:
        """Until exactly these were asked, in this order."""
        wanted = list(operations)
        until(
            lambda: self.operations(conference)[: len(wanted)] == wanted,
            f"{wanted} in {conference}",
        )

    def spoken(self, conference: str) -> list[str]:
        return [params["text"] for name, params in self.asked(conference) if name == "speak"]

    def told(self, path: str) -> list[Any]:
        """What the receiver was sent there, in order."""
        return [one.fields for one in self.receiver.at(path)]

    def until_told(self, path: str, *bodies: Any) -> None:
        until(lambda: all(body in self.told(path) for body in bodies), f"{bodies}")

    def trigger(self, name: str, conference: str, data: Mapping[str, Any]) -> None:
        body = json.dumps({"conference": conference, "data": data}).encode()
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        read(Request(f"{self.url}/triggers/{name}", body, headers))

    def ask(self, *arguments: str) -> tuple[int, str]:
        """Exit code and output of a gavel command, run beside it."""
        done = run_gavel(*arguments, environ=self.environ, folder=self.folder)
        return done.code, done.output + done.error

    def plivo_token(self) -> str:
        """The token of the sandbox's account, as `gavel up` made it."""
        account = json.loads((self.folder / "var" / "sandbox.json").read_text())
        return str(account["auth_token"])

    def get(self, path: str) -> str:
        return read(Request(self.url + path)).decode()


def read(request: Request) -> bytes:
    """The answer of Gavel; as every caller must, asks again while it is 503."""
    found: list[bytes] = []

    def answered() -> bool:
        try:
            with urlopen(request, timeout=PATIENCE) as answer:
                found.append(answer.read())
        except HTTPError as error:
            if error.code != 503:
                raise
        return bool(found)

    until(answered, f"an answer of {request.full_url}")
    return found[0]


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("witness")
    with Service() as receiver:
        rules = (HERE / "rules.yaml").read_text().replace("RECEIVER", receiver.url)
        rules = rules.replace("FOLDER", str(folder))
        (folder / "rules.yaml").write_text(rules + words.rules())
        port, sandbox_port = str(free_port()), str(free_port())
        environ = bare_environment(
            PORT=port,
            SANDBOX_PORT=sandbox_port,
            TRIGGER_TOKEN=TOKEN,
            WITNESS_SECRET=SECRET,
            WITNESS_PIN=PIN,
            ALLOW_PRIVATE_WEBHOOKS="yes",
            RECONCILE_INTERVAL="2s",
        )
        up = Process(["-m", "cli", "up"], environ, folder)
        url = f"http://127.0.0.1:{port}"
        sandbox = ControlClient(f"http://127.0.0.1:{sandbox_port}")
        urls = [f"{url}/readyz", f"{sandbox.url}/sandbox/state"]
        until(lambda: all(map(answers, urls)) or up.process.poll() is not None, "ready")
        if up.process.poll() is not None:
            up.stop()
            raise AssertionError(up.output)
        yield Stage(up, environ, folder, url, sandbox, receiver)
        sandbox.close()
        up.stop(signal.SIGTERM, hurry=True)
