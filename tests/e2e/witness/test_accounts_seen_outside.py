"""Accounts of a file, as the far side of each sees one Gavel: two Plivos, the same conference."""

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.chaos.processes import free_port
from sandbox.embedded import Sandbox
from tests.commands import run_gavel
from tests.e2e.story.processes import Process, answers, bare_environment
from tests.e2e.witness.conftest import Log
from tests.e2e.witness.witnesses import drives
from tests.waiting import until

ROOM = "standup"
RULES = "version: 1\nrules:\n  - {{name: entered, when: member.entered, do: [{0}: member]}}\n"
DOES = {"acme": "mute", "beta": "deaf"}


@dataclass
class Agency:
    """One `gavel up` without an account of its own, and the Plivo of each of its two."""

    url: str
    folder: Path
    environ: dict[str, str]
    plivos: dict[str, Sandbox]

    def write(self, **tokens: str) -> None:
        entries = [
            f"  - name: {name}\n    plivo_auth_id: {plivo.options.auth_id}\n"
            f"    plivo_auth_token: {tokens.get(name, f'token-of-{name}')}\n"
            f"    main_auth_token: token-of-agency\n    plivo_api_url: {plivo.url}\n"
            f"    rules_file: {name}.yaml\n"
            for name, plivo in self.plivos.items()
        ]
        (self.folder / "accounts.yaml").write_text("accounts:\n" + "".join(entries))

    def asked(self, name: str) -> list[str]:
        """What that Plivo was asked to do."""
        log = Log(self.plivos[name].requests).entries()
        return [one["operation"] for one in log if one["method"] != "GET"]

    def log(self, process: str) -> str:
        return (self.folder / "var" / "log" / f"{process}.log").read_text()

    def ask(self, *arguments: str) -> str:
        done = run_gavel(*arguments, environ=self.environ, folder=self.folder)
        return done.output + done.error


@pytest.fixture(scope="module")
def agency(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agency]:
    folder, port = tmp_path_factory.mktemp("agency"), str(free_port())
    url = f"http://127.0.0.1:{port}"
    environ = bare_environment(ACCOUNTS_FILE="accounts.yaml", PORT=port)
    with ExitStack() as stack:
        plivos = {
            name: stack.enter_context(
                Sandbox(
                    auth_id=f"SA{name.upper()}ACCOUNTACCOUNT",
                    auth_token=f"token-of-{name}",
                    main_auth_token="token-of-agency",
                    service=f"{url}/a/{name}",
                    sound="off",
                )
            )
            for name in DOES
        }
        for name, verb in DOES.items():
            (folder / f"{name}.yaml").write_text(RULES.format(verb))
        found = Agency(url, folder, environ, plivos)
        found.write()
        up = Process(["-m", "cli", "up"], environ, folder)
        urls = [f"{url}/a/{name}/readyz" for name in DOES]
        until(lambda: all(map(answers, urls)) or up.process.poll() is not None, "ready")
        yield found
        up.stop(signal.SIGTERM, hurry=True)


@drives("setting ACCOUNTS_FILE")
def test_each_account_is_served_by_its_rules_at_its_own_plivo(agency: Agency) -> None:
    for plivo in agency.plivos.values():
        plivo.call_in(ROOM)
    wanted = {name: [verb] for name, verb in DOES.items()}
    until(lambda: {name: agency.asked(name) for name in DOES} == wanted, f"{wanted}")
    assert "entered" in agency.ask("why", ROOM, "--account", "acme")
    assert "deaf" not in agency.ask("why", ROOM, "--account", "acme").lower()
    assert "nothing is known" in agency.ask("why", ROOM)


@drives("command accounts")
def test_the_accounts_are_listed_with_what_is_wrong_with_each(agency: Agency) -> None:
    agency.plivos["beta"].call_in("listed")

    def told() -> dict[str, tuple[str, bool, str]]:
        found = map(json.loads, agency.ask("accounts", "--json").splitlines())
        return {one["name"]: (one["state"], one["live"] > 0, one["why"]) for one in found}

    until(lambda: told().get("beta") == ("ok", True, ""), "the conference of beta")
    assert list(told()) == list(DOES)
    rules = agency.folder / "acme.yaml"
    good = rules.read_text()
    rules.write_text("version: 1\nrules: 7\n")
    until(lambda: told()["acme"][0] == "broken", "acme's rules to be told as broken")
    assert "acme.yaml:2:" in told()["acme"][2]
    rules.write_text(good)
    until(lambda: told()["acme"][0] == "ok", "acme's rules to be good again")
    table = agency.ask("accounts").splitlines()
    assert [row.split()[:3] for row in table[1:]] == [["acme", "ok", "1"], ["beta", "ok", "1"]]


def test_a_main_account_signs_while_a_token_is_changed(agency: Agency) -> None:
    agency.write(beta="token-that-is-rotated")
    until(lambda: "changed=beta" in agency.log("web"), "the account that is changed")
    agency.plivos["beta"].call_in("rotation")
    entered = Log(agency.plivos["beta"].deliveries)

    def taken() -> bool:
        return ("enter", "rotation", 200) in [
            (one["action"], one["conference"], one["status"]) for one in entered.entries()
        ]

    until(taken, "the callback that the main account signed")
