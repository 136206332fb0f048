"""Every shape of `--json` and every exit code of docs/cli.md, by real processes."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import pytest
from jsonschema import Draft202012Validator

from cli.main import COMMANDS, gavel
from tests.commands import run_gavel
from tests.e2e.story.processes import ROOT
from tests.e2e.witness.conftest import Stage
from tests.e2e.witness.witnesses import drives
from tests.waiting import until

DOCUMENT = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
SHAPES = json.loads((ROOT / "docs" / "cli.schema.json").read_text(encoding="utf-8"))
PARTS = {"problems"}
"""What is in the schema for others to refer to."""
WITHOUT = {"up", "web", "worker", "recordings-worker", "sandbox", "schema", "completion"}
"""They run until they are ended, or print a file that is for programs already."""


def table(head: str) -> Iterator[list[str]]:
    """The rows of the table of docs/cli.md that begins so."""
    lines = DOCUMENT.split(head, 1)[1].splitlines()[2:]
    for line in lines:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


def leaves(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """The command and all below it, as `token-new`."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for one in command.list_commands(context):
            below = command.get_command(context, one)
            assert below
            yield from leaves(below, f"{name}-{one}")


ALL = {
    name: command
    for top in COMMANDS
    for name, command in leaves(gavel.get_command(click.Context(gavel), top) or gavel, top)
}
GROUPS = {
    name
    for name, command in ALL.items()
    if isinstance(command, click.Group) and not command.invoke_without_command
}
"""They tell nothing by themselves."""


def test_every_command_that_tells_something_tells_it_as_json_too() -> None:
    for name in ALL.keys() - WITHOUT - (GROUPS - {"sandbox"}):
        assert any("--json" in one.opts for one in ALL[name].params), name


def test_the_document_and_the_schema_name_the_same_shapes() -> None:
    named = {row[0].strip("`") for row in table("| command | one line for each |")}
    assert named == SHAPES["$defs"].keys() - PARTS
    by_option = {"init-list", "retry-batch"}
    assert named - by_option <= ALL.keys()
    assert ALL.keys() - WITHOUT - GROUPS == named - by_option


def test_the_document_tells_the_exit_codes_of_all_commands() -> None:
    named = [
        name for row in table("| command | 0 | 1 |") for name in re.findall(r"`([\w-]+)`", row[0])
    ]
    assert sorted(named) == sorted(COMMANDS)


class Asked:
    """Commands that were run beside a stage, and the shapes that were seen."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.seen: set[str] = set()

    def lines(self, shape: str, *arguments: str, code: int = 0) -> list[Any]:
        """What it told, each line as the document has it."""
        ended, output, error = run(self.stage, *arguments, "--json")
        assert ended == code, (arguments, output, error)
        found = [json.loads(line) for line in output.splitlines()]
        schema = {"$ref": f"#/$defs/{shape}", **SHAPES}
        for one in found:
            Draft202012Validator(schema).validate(one)
        if found:
            self.seen.add(shape)
        return found


def run(stage: Stage, *arguments: str) -> tuple[int, str, str]:
    done = run_gavel(*arguments, environ=stage.environ, folder=stage.folder)
    assert "Traceback" not in done.error
    return done.code, done.output, done.error


def test_every_shape_is_as_it_is_documented(stage: Stage, tmp_path: Path) -> None:
    asked = Asked(stage)
    _of_conferences(asked)
    _of_what_was_given_up(asked)
    _by_hand(asked)
    _of_rules(asked, tmp_path)
    _of_the_rest(asked, tmp_path)
    assert asked.seen == SHAPES["$defs"].keys() - PARTS


def _of_conferences(asked: Asked) -> None:
    stage = asked.stage
    call = stage.enter("w-json-over")
    stage.sandbox.hang_up(call)
    until(lambda: not stage.member_ids("w-json-over"), "it is over")
    stage.enter("w-numbers")
    stage.enter("w-kept")

    def listed() -> dict[str, bool]:
        found = asked.lines("conferences", "conferences", "--all", "--last", "1000")
        return {one["name"]: one["live"] for one in found}

    until(lambda: listed().get("w-json-over") is False, "it has ended")
    until(lambda: listed().get("w-numbers") is True, "it is live")
    assert "w-json-over" not in {one["name"] for one in asked.lines("conferences", "conferences")}
    assert {one["conference"] for one in asked.lines("timers", "timers", "w-numbers")} == {
        "w-numbers"
    }
    entries = asked.lines("why", "why", "w-json-over")
    id = next(one["event"]["id"] for one in entries if one["kind"] == "event")
    assert id in run(stage, "why", "w-json-over", "--ids")[1]
    [told] = asked.lines("explain", "explain", id, "--conference", "w-json-over")
    [answered] = asked.lines("explain", "explain", "answer", "--conference", "w-role")
    assert "?role=guest" in answered["xml"]
    assert told["event"]["id"] == id
    until(lambda: asked.lines("recordings", "recordings"), "a recording is known")
    id = asked.lines("recordings", "recordings")[-1]["id"]
    [one] = asked.lines("recordings-archive", "recordings", "archive", id, *NOWHERE, code=1)
    assert one["state"] == "skipped"
    asked.lines("forget", "forget", "+14155550177", "--dry-run")
    asked.lines("act", "act", "w-numbers", "speak: {to: all, text: hello}", "--reason", "x")


def _of_what_was_given_up(asked: Asked) -> None:
    stage = asked.stage
    for name in ("w-json-retry", "w-json-drop"):
        stage.sandbox.fault("status", status=400, actions=["kick"], conference=name, times=1)
        stage.enter(name)

    def given_up() -> dict[str, str]:
        return {one["conference"]: one["id"] for one in asked.lines("retry", "retry")}

    until(lambda: {"w-json-retry", "w-json-drop"} <= given_up().keys(), "they were given up")
    [again] = asked.lines("retry", "retry", given_up()["w-json-retry"], "--wait")
    assert (again["asked_again"], again["state"] in ("done", "not_needed")) == (True, True)
    [together] = asked.lines("retry-batch", "retry", "--batch", again["batch"])
    assert (together["left"], together["calls"][0]["id"]) == (0, again["id"])
    ids = given_up()
    assert ids["w-json-drop"] in {one["id"] for one in asked.lines("drop", "drop")}
    [gone] = asked.lines("drop", "drop", ids["w-json-drop"], "--reason", "x")
    assert (gone["conference"], gone["dropped"]) == ("w-json-drop", True)


def _by_hand(asked: Asked) -> None:
    how = ("--conference", "w-json", "--for", "1h", "--reason", "x")
    [made] = asked.lines("silence", "silence", "quiet", *how)
    assert made in asked.lines("silence", "silence")
    asked.lines("unsilence", "unsilence", made["id"])
    asked.lines("audit", "audit", "--last", "3")
    [token] = asked.lines("token-new", "token", "new", "--name", "w-json", "--scope", "read")
    assert token["secret"].startswith("gvl_")
    assert "w-json" in {one["name"] for one in asked.lines("token-list", "token", "list")}
    asked.lines("token-revoke", "token", "revoke", "w-json")
    [link] = asked.lines("login-link", "login-link", "--role", "viewer")
    assert link["link"].startswith(asked.stage.url)


def _of_rules(asked: Asked, folder: Path) -> None:
    broken = folder / "broken.yaml"
    broken.write_text("version: 1\nrules: [{name: x}]\n")
    assert asked.lines("check", "check")[0]["ok"] is True
    assert asked.lines("check", "check", str(broken), code=1)[0]["problems"]
    rules, tests = str(ROOT / "rules.yaml"), str(ROOT / "rules_test.yaml")
    assert asked.lines("test", "test", tests, "--rules", rules)[0]["passed"] is True
    [failed] = asked.lines("test", "test", tests, "--rules", _empty(folder), code=1)
    assert failed["tests"][0]["problems"]
    [unusable] = asked.lines("test", "test", tests, "--rules", str(broken), code=1)
    assert unusable["problems"]
    [replayed] = asked.lines("replay", "replay", "--rules", _empty(folder))
    assert replayed["changes"]
    kind = ("member.entered", "--conference", "w-mute", "--member", "9", "--state", "empty")
    [explained] = asked.lines("explain", "explain", *kind)
    assert explained["calls"][0]["requests"]


def _of_the_rest(asked: Asked, folder: Path) -> None:
    [account] = asked.lines("accounts", "accounts")
    assert (account["name"], account["state"]) == ("", "ok")
    [told] = asked.lines("doctor", "doctor")
    assert told["ok"] == sum(one["level"] == "ok" for one in told["findings"])
    assert asked.lines("ready", "ready") == [{"ready": True, "said": "ready"}]
    assert len(asked.lines("init", "init", str(folder / "new"))) == 4
    asked.lines("init-list", "init", "--list")
    asked.lines("docs", "docs")
    [plan] = asked.lines("connect", "connect", "w-json-connect")
    assert (plan["done"], "answer_url" in plan["changes"]) == (False, True)
    asked.lines("sandbox-scenarios", "sandbox", "scenarios")
    asked.lines("sandbox-switches", "sandbox", "switches")
    scenario = folder / "one.yaml"
    scenario.write_text(SCENARIO)
    asked.lines("sandbox-play", "sandbox", "play", str(scenario))


SCENARIO = """
title: One call
timeline:
  - {at: 0s, call_in: anna, conference: w-mute}
  - {at: 3s, hang_up: anna}
"""


def _empty(folder: Path) -> str:
    path = folder / "none.yaml"
    path.write_text("version: 1\nrules: []\n")
    return str(path)


ARCHIVE = ("--to", "file:///srv/{{ recording.id }}")
NOWHERE = ("--to", "file:///srv/{{ recording.archived_to }}/{{ recording.id }}")
Witness = tuple[Sequence[str], int]
CODES: dict[str, Sequence[Witness]] = {
    "init": ((("init", "--list"), 0), (("init",), 1), (("init", "--recipe"), 2)),
    "up": ((("up",), 1), (("up", "x"), 2)),
    "web": ((("web", "x"), 2),),
    "worker": ((("worker", "x"), 2),),
    "recordings-worker": ((("recordings-worker", "x"), 2),),
    "sandbox": (
        (("sandbox", "scenarios"), 0),
        (("sandbox", "--switch", "nope=1"), 1),
        (("sandbox", "nope"), 2),
    ),
    "check": ((("check",), 0), (("check", "nope.yaml"), 1), (("check", "--nope"), 2)),
    "schema": ((("schema",), 0), (("schema", "x"), 2)),
    "explain": (
        (("explain", "member.entered", "--conference", "w-mute", "--member", "1"), 0),
        (("explain", "member.entred"), 1),
        (("explain",), 2),
    ),
    "test": (
        (("test", str(ROOT / "rules_test.yaml"), "-k", "warned"), 0),
        (("test", str(ROOT / "rules_test.yaml"), "-k", "nope"), 1),
        (("test", "--nope"), 2),
    ),
    "why": ((("why", "w-codes"), 0), (("why", "nope"), 1), (("why",), 2)),
    "replay": (
        (("replay", "--rules", "rules.yaml"), 0),
        (("replay", "--rules", "nope.yaml"), 1),
        (("replay",), 2),
    ),
    "accounts": ((("accounts",), 0), (("accounts", "x"), 2)),
    "conferences": ((("conferences",), 0), (("conferences", "x"), 2)),
    "timers": ((("timers",), 0), (("timers", "nope"), 1), (("timers", "--nope"), 2)),
    "recordings": (
        (("recordings",), 0),
        (("recordings", "--conference", "nope"), 1),
        (("recordings", "--since", "yesterday"), 2),
        (("recordings", "archive", "nope", *ARCHIVE), 1),
        (("recordings", "archive"), 2),
    ),
    "act": (
        (("act", "w-codes", "log: hello"), 0),
        (("act", "nope", "log: hello"), 1),
        (("act", "w-codes"), 2),
    ),
    "retry": ((("retry",), 0), (("retry", "nope"), 1), (("retry", "--nope"), 2)),
    "drop": ((("drop",), 0), (("drop", "nope", "--reason", "x"), 1), (("drop", "nope"), 2)),
    "silence": (
        (("silence",), 0),
        (("silence", "nope", "--for", "1h", "--reason", "x"), 1),
        (("silence", "quiet"), 2),
    ),
    "unsilence": ((("unsilence", "nope"), 1), (("unsilence",), 2)),
    "audit": ((("audit",), 0), (("audit", "x"), 2)),
    "forget": (
        (("forget", "+14155550177", "--reason", "x"), 0),
        (("forget", "nobody", "--dry-run"), 1),
        (("forget", "+14155550177"), 2),
    ),
    "token": ((("token", "list"), 0), (("token", "revoke", "nope"), 1), (("token", "nope"), 2)),
    "login-link": ((("login-link",), 0), (("login-link", "--role", "nope"), 2)),
    "connect": ((("connect", "w-codes", "--yes"), 0), (("connect", "w-new"), 1), (("connect",), 2)),
    "ready": ((("ready",), 0), (("ready", "x"), 2)),
    "doctor": ((("doctor",), 0), (("doctor", "x"), 2)),
    "docs": ((("docs",), 0), (("docs", "nope"), 1), (("docs", "--nope"), 2)),
    "completion": ((("completion", "bash"), 0), (("completion", "nope"), 2)),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_it_ends_with_the_codes_that_are_documented(stage: Stage, command: str) -> None:
    if command in ("why", "act"):
        stage.enter("w-codes")
        until(lambda: run(stage, "why", "w-codes")[0] == 0, "it is known")
    for arguments, code in CODES[command]:
        ended, output, error = run(stage, *arguments)
        assert ended == code, (arguments, output, error)
        if code == 1:
            assert error.startswith("gavel: ") or output, (arguments, error)


@drives("command completion")
def test_a_shell_completes_the_names_of_what_there_is(stage: Stage, tmp_path: Path) -> None:
    script = tmp_path / "gavel"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m cli "$@"\n')
    script.chmod(0o755)
    environ = {**stage.environ, "PATH": f"{tmp_path}:{stage.environ['PATH']}"}
    for name in ("w-tab-one", "w-tab two", "w-tab$(id)"):
        stage.enter(name)
        until(lambda name=name: run(stage, "why", name)[0] == 0, "it is known")

    def completed(*words: str, **more: str) -> set[str]:
        """What bash offers for the last of these words."""
        typed = " ".join(words)
        line = (
            f'eval "$(gavel completion bash)"; compopt() {{ :; }}; COMP_WORDS=({typed}); '
            f"COMP_CWORD={len(words) - 1}; _gavel_completion gavel; echo ${{COMPREPLY[@]}}"
        )
        done = subprocess.run(
            ["bash", "-c", line],
            env=environ | more,
            cwd=stage.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == ""
        return set(done.stdout.split())

    assert completed("gavel", "why", "w-tab") == {"w-tab-one"}
    assert completed("gavel", "conf") == {"conferences"}
    assert completed("gavel", "explain", "member.e") == {"member.entered", "member.exited"}
    assert completed("gavel", "sandbox", "play", "town") == {"town-hall"}
    assert completed("gavel", "sandbox", "--switch", "retry_n") == {"retry_nonce"}
    assert completed("gavel", "why", "w-tab", REDIS_URL="redis://127.0.0.1:1") == set()
    assert completed("gavel", "why", "w-tab", REDIS_URL="nonsense") == set()
