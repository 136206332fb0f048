"""Every command as a process: what it prints and how it ends."""

import json
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request

import pytest
from redis import Redis

from bench.chaos.processes import free_port
from sandbox.embedded import Sandbox
from tests.commands import run_gavel
from tests.e2e.story.processes import ROOT, Process, answers, bare_environment
from tests.e2e.witness.conftest import Stage, read
from tests.e2e.witness.witnesses import drives
from tests.valkey import start_valkey
from tests.waiting import until


@drives("command check", "command test", "command explain")
def test_rules_are_checked_tested_and_explained(stage: Stage, tmp_path: Path) -> None:
    assert stage.ask("check") == (0, f"rules.yaml: ok, {count(stage)} rules\n")
    (tmp_path / "broken.yaml").write_text("version: 1\nrules: [{name: x}]\n")
    code, output = stage.ask("check", str(tmp_path / "broken.yaml"))
    assert (code, "broken.yaml:2:" in output) == (1, True)
    test = ROOT / "rules_test.yaml"
    code, output = stage.ask("test", "--rules", str(ROOT / "rules.yaml"), str(test))
    assert (code, "passed" in output) == (0, True)
    code, output = stage.ask(
        *("explain", "member.entered", "--conference", "w-mute", "--member", "9"),
        *("--from", "+14155550100", "--state", "empty"),
    )
    assert (code, "Mute" in output) == (0, True), output


def test_accounts_and_the_rules_of_each_are_checked(tmp_path: Path) -> None:
    (tmp_path / "acme.yaml").write_text("version: 1\nrules: []\nlimits: []\n")
    entry = "accounts:\n  - name: acme\n    plivo_auth_id: MA1\n    rules_file: acme.yaml\n"
    accounts = tmp_path / "accounts.yaml"
    accounts.write_text(f"{entry}    plivo_auth_token_env: TOKEN_OF_ACME\n")
    environ = {"ACCOUNTS_FILE": str(accounts), "TOKEN_OF_ACME": "secret-of-acme"}
    done = run_gavel("check", environ=environ, folder=tmp_path)
    assert done.code == 0, done.output
    assert f"{accounts}: ok, 1 account\n" in done.output
    assert f"{tmp_path / 'acme.yaml'}: ok, 0 rules\n" in done.output
    accounts.write_text(entry)
    done = run_gavel("check", environ=environ, folder=tmp_path)
    assert (done.code, f"{accounts}:2:5: error: " in done.output) == (1, True)


@drives("command init", "command schema", "command docs")
def test_a_folder_to_start_from(stage: Stage, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    assert stage.ask("init", "--recipe", "join-muted", str(folder))[0] == 0
    assert stage.ask("check", str(folder / "rules.yaml"))[0] == 0
    assert stage.ask("test", str(folder / "rules_test.yaml"))[0] == 0
    assert stage.ask("schema") == (0, (folder / "rules.schema.json").read_text())
    code, output = stage.ask("init", str(folder))
    assert (code, "nothing was written" in output) == (1, True), output
    assert stage.ask("docs", "rules")[1].startswith("# The rules language")


@drives("command conferences", "command timers", "command replay", "command up", "command doctor")
def test_what_lives_is_listed_and_replayed(stage: Stage, tmp_path: Path) -> None:
    stage.enter("w-numbers")
    until(lambda: "w-numbers" in stage.ask("conferences")[1], "the conference")
    assert "w-numbers" in stage.ask("timers")[1]
    (tmp_path / "new.yaml").write_text("version: 1\nrules: []\n")
    code, output = stage.ask("replay", "--rules", str(tmp_path / "new.yaml"))
    assert "decided differently" in output, (code, output)
    code, output = stage.ask("doctor")
    assert (code, "BAD" in output) == (0, False), output


@drives("command retry")
def test_a_call_that_was_given_up_is_made_again(stage: Stage) -> None:
    fault = stage.sandbox.fault("status", status=400, actions=["kick"], times=1)
    stage.enter("w-retry")
    until(lambda: "w-retry" in stage.ask("retry")[1], "the call was given up")
    assert fault
    assert stage.ask("retry", "--conference", "w-retry")[0] == 0
    stage.until_asked("w-retry", "kick")


def test_how_far_many_calls_are_that_are_made_again_is_told(stage: Stage) -> None:
    rooms = [f"w-batch-{number}" for number in range(3)]
    for room in rooms:
        times = 2 if room == rooms[0] else 1
        stage.sandbox.fault("status", status=400, actions=["kick"], conference=room, times=times)
        stage.enter(room)
    until(lambda: all(room in stage.ask("retry")[1] for room in rooms), "they were given up")
    listed = [json.loads(line) for line in stage.ask("retry", "--json")[1].splitlines()]
    calls = [one["id"] for one in listed if one["conference"] in rooms]
    made = stage.ask("token", "new", "--name", "batches", "--scope", "act", "--json")[1]
    bearer = {"Authorization": f"Bearer {json.loads(made)['secret']}"}
    bearer["Content-Type"] = "application/json"
    api = f"{stage.url}/api/v1/attention"
    body = json.dumps({"calls": calls, "reason": "it is well again"}).encode()
    id = json.loads(read(Request(f"{api}/retry", body, bearer)))["batch"]

    def told() -> dict[str, Any]:
        return dict(json.loads(read(Request(f"{api}/batches/{id}", headers=bearer))))

    until(lambda: told()["left"] == 0, "every call has ended")
    assert told()["counts"] == {"done": 2, "failed": 1}
    for room in rooms[1:]:
        stage.until_asked(room, "kick")


@drives("command act")
def test_one_thing_is_done_by_hand(stage: Stage) -> None:
    stage.enter("w-by-hand")
    code, output = stage.ask(
        "act", "w-by-hand", "speak: {to: all, text: '{{ no }}'}", "--reason", "x"
    )
    assert (code, "by hand, " in output, "because: x" in output) == (0, True, True), output
    stage.until_asked("w-by-hand", "speak")
    assert stage.spoken("w-by-hand") == ["{{ no }}"]
    code, output = stage.ask("act", "w-by-hand", "mut: all")
    assert (code, "did you mean 'mute'?" in output) == (1, True), output
    (member,) = stage.member_ids("w-by-hand")
    assert stage.ask("act", "w-by-hand", f"hang_up: {member}")[0] == 0
    until(lambda: not stage.member_ids("w-by-hand"), "the member is out")


@drives("command drop")
def test_a_call_that_nobody_needs_is_dropped(stage: Stage) -> None:
    stage.sandbox.fault("status", status=400, actions=["kick"], conference="w-drop", times=1)
    stage.enter("w-drop")
    until(lambda: "w-drop" in stage.ask("drop")[1], "the call was given up")
    (id,) = [line.split()[0] for line in stage.ask("drop")[1].splitlines() if "w-drop" in line]
    assert stage.ask("drop", id)[0] == 2
    assert stage.ask("drop", id, "--reason", "they left")[0] == 0
    assert "w-drop" not in stage.ask("retry")[1]
    assert stage.ask("drop", id, "--reason", "they left")[0] == 1
    assert "they left" in stage.ask("audit", "--verb", "drop")[1]
    assert stage.operations("w-drop") == []


@drives("command silence", "command unsilence", "command audit")
def test_a_rule_is_silenced_and_the_audit_tells_who_did_what(stage: Stage) -> None:
    def silence(*more: str) -> tuple[int, str]:
        return stage.ask("silence", "quiet", "--conference", "w-silence", "--for", "1h", *more)

    assert silence()[0] == 2
    code, output = silence("--reason", "a choir sings")
    assert (code, "until" in output) == (0, True), output
    stage.enter("w-silence")
    until(lambda: "a choir sings" in stage.ask("why", "w-silence")[1], "why nobody is muted")
    assert "mute" not in stage.operations("w-silence")
    listed = stage.ask("silence")[1]
    (id,) = [word for word in listed.split() if word.startswith("sil-")]
    assert stage.ask("unsilence", id)[0] == 0
    assert stage.ask("unsilence", id)[0] == 1
    stage.enter("w-silence")
    stage.until_asked("w-silence", "mute")
    entries = [json.loads(line) for line in stage.ask("audit", "--json")[1].splitlines()]
    verbs = [one["verb"] for one in entries if one["conference"] == "w-silence"]
    assert verbs == ["unsilence", "silence"]
    assert "a choir sings" in stage.ask("audit")[1]
    assert "a choir sings" in stage.ask("audit", "--from", "2026-01-01", "--to", "2999-01-01")[1]
    assert "a choir sings" not in stage.ask("audit", "--to", "2026-01-01")[1]
    assert stage.ask("audit", "--from", "soon")[0] != 0


@drives("command forget")
def test_a_caller_is_forgotten_but_where_a_conference_goes_on(stage: Stage) -> None:
    number = "+14155550188"
    call = stage.enter("w-forget", **{"from": number, "caller_name": "Zenobia"})
    until(lambda: "Zenobia" in stage.ask("why", "w-forget", "--json")[1], "it is known")
    assert stage.ask("forget", number)[0] == 2
    code, output = stage.ask("forget", number, "--reason", "asked by letter")
    assert (code, "goes on and knows the number" in output) == (1, True), output
    stage.sandbox.hang_up(call)

    def forgotten() -> bool:
        return stage.ask("forget", number, "--reason", "asked by letter")[0] == 0

    until(forgotten, "it is over")
    for told in (stage.ask("why", "w-forget", "--json"), stage.ask("audit", "--json")):
        assert "Zenobia" not in told[1]
        assert "4155550188" not in told[1]
    assert "asked by letter" in stage.ask("audit")[1]


@drives("command token")
def test_a_program_acts_through_the_api(stage: Stage) -> None:
    code, output = stage.ask("token", "new", "--name", "pager", "--scope", "act", "--expires", "1h")
    assert code == 0, output
    (secret,) = [word for word in output.split() if word.startswith("gvl_")]
    api = f"{stage.url}/api/v1"

    def ask(path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        return json.loads(read(Request(api + path, data, headers)))

    stage.enter("w-api")
    until(lambda: ask("/conferences?q=w-api")["conferences"], "a worker to take it up")
    (room,) = ask("/conferences?q=w-api")["conferences"]
    assert ask(f"/conferences/{room['key']}")["name"] == "w-api"
    body = {"do": {"speak": {"to": "all", "text": "by {{ the }} API"}}, "reason": "a witness"}
    asked = ask(f"/conferences/{room['key']}/actions", body)
    outcome = f"/conferences/{room['key']}/actions/{asked['id']}"
    until(lambda: ask(outcome)["state"] == "done", "the action is done")
    assert stage.spoken("w-api") == ["by {{ the }} API"]
    entries = ask(f"/conferences/{room['key']}/story")["entries"]
    assert [one["rule"] for one in entries if one["kind"] == "call"] == ["by hand (pager)"]
    assert stage.ask("token", "list")[1].count("pager") == 1
    assert stage.ask("token", "revoke", "pager")[0] == 0
    with pytest.raises(HTTPError, match="401"):
        ask("/conferences")


@drives("command connect")
def test_a_call_to_a_number_is_led_into_a_conference(stage: Stage) -> None:
    code, output = stage.ask("connect", "w-number", "--number", "+14155550199", "--yes")
    assert (code, "will point to gavel-w-number" in output) == (0, True), output
    code, output = stage.ask("connect", "w-number")
    assert (code, "nothing to change" in output) == (0, True), output
    call = stage.sandbox.call_in(to="+14155550199")
    until(lambda: call in stage.calls("w-number"), "the caller is in")
    stage.sandbox.hang_up(call)
    until(lambda: hangups(stage), "the end of the call is told")
    assert hangups(stage)[0]["status"] == 200


def hangups(stage: Stage) -> list[dict[str, Any]]:
    """What the application's hang-up URL was told and answered."""
    return [one for one in stage.deliveries.entries() if one["action"] == "hangup"]


@drives("command login-link")
def test_a_link_signs_somebody_in_once(stage: Stage) -> None:
    code, output = stage.ask("login-link", "--role", "viewer", "--for", "Anna")
    assert (code, "works once" in output) == (0, True), output
    link = next(line for line in output.splitlines() if line.startswith(stage.url))
    page = stage.get(link.removeprefix(stage.url))
    assert "You were sent a link" in page
    assert f"{stage.url}/login?once=" in stage.up.output  # the first way in, at the start


@drives("command sandbox")
def test_a_scenario_is_played(stage: Stage) -> None:
    code, output = stage.ask("sandbox", "scenarios")
    assert (code, "town-hall" in output) == (0, True)


@drives("command web", "command worker", "command ready")
@drives("setting REDIS_URL", "setting PLIVO_API_URL")
@drives("setting PLIVO_AUTH_ID", "setting PLIVO_AUTH_TOKEN", "option hang_up.confirm")
def test_the_processes_run_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(
        "version: 1\nrules:\n"
        "  - {name: in, when: member.entered, do: [mute: member]}\n"
        "  - {name: out, when: member.exited, do: [{hang_up: every_conference, confirm: true}]}\n"
    )
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    server = start_valkey(tmp_path / "valkey")
    with Sandbox(service=url, auth_id="MAWITNESSWITNESSWITN", auth_token="its-token") as sandbox:
        environ = bare_environment(
            PORT=str(port),
            REDIS_URL=f"redis://{server.host}:{server.port}/3",
            PLIVO_API_URL=sandbox.url,
            PLIVO_AUTH_ID="MAWITNESSWITNESSWITN",
            PLIVO_AUTH_TOKEN=sandbox.options.auth_token,
        )
        processes = [Process(["-m", "cli", name], environ, tmp_path) for name in ("web", "worker")]

        def asked() -> list[str]:
            return [str(request["operation"]) for request in sandbox.requests()]

        def probed(*arguments: str) -> tuple[int, str]:
            done = run_gavel(*arguments, environ=environ, folder=tmp_path)
            return done.code, done.output.strip()

        def muted() -> int:
            rooms = sandbox.state()["conferences"]
            return sum(member["muted"] for room in rooms for member in room["members"])

        try:
            until(lambda: answers(f"{url}/readyz"), "ready")
            assert probed("ready") == (0, "ready")
            until(lambda: probed("ready", "--worker")[0] == 0, "the worker's report")
            sandbox.call_in("one")
            sandbox.call_in("two")
            call = sandbox.call_in("two")
            until(lambda: muted() == 3, "mutes")
            sandbox.hang_up(call)
            until(lambda: "hang_up_all" in asked(), "the end of all")
            assert sandbox.state()["conferences"] == []
            assert Redis(host=server.host, port=server.port, db=3).dbsize()
        finally:
            for process in processes:
                process.stop()
            server.stop()


def count(stage: Stage) -> str:
    """How many rules the file has."""
    text = (stage.folder / "rules.yaml").read_text()
    return str(text.count("\n  - name: "))
