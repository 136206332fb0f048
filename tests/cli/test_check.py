"""`gavel check` and the shipped files."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import COMMANDS, gavel
from cli.rules_file import NoRulesFile, read_rules
from workers.rules.vocabulary import targets

ROOT = Path(__file__).parent.parent.parent


def test_the_shipped_rules_are_good() -> None:
    path = ROOT / "rules.yaml"
    result = CliRunner().invoke(gavel, ["check", str(path)])
    assert (result.exit_code, result.stdout) == (0, f"{path}: ok, 3 rules\n")


def test_every_problem_is_told_with_its_place_and_the_exit_code_is_one(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("version: 1\nrules:\n  - nam: x\n    when: member.enterd\n    do: []\n")
    result = CliRunner().invoke(gavel, ["check", str(rules)])
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert len(lines) >= 3
    assert all(line.startswith(f"{rules}:") and ": error: " in line for line in lines)


def test_a_missing_file_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoRulesFile, match="say where it is: RULES_FILE, for an account rules_file"):
        read_rules(str(tmp_path / "nowhere.yaml"))


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "rules.yaml")
    with pytest.raises(NoRulesFile, match="is not a file"):
        read_rules(str(tmp_path / "rules.yaml"))


def test_a_path_that_can_not_be_one_is_told_as_a_missing_file_is() -> None:
    with pytest.raises(NoRulesFile, match="File name too long"):
        read_rules("long" * 100)


def test_a_file_that_is_not_text_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_bytes(b"version: \xff")
    result = CliRunner().invoke(gavel, ["check", str(path)])
    assert result.exit_code == 1
    assert result.stdout == f"{path}:1:10: error: not UTF-8; save the file as UTF-8\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    result = CliRunner().invoke(gavel, [name, "--help"], terminal_width=78)  # as on 80 columns
    assert result.exit_code == 0
    assert f"Usage: gavel {name}" in result.output
    lists_commands = result.output.partition("\nCommands:\n")[2]
    assert "..." not in lists_commands, "a sentence is cut off"


def test_a_line_that_the_clocks_change_is_a_note_and_no_error(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "version: 1\ntimezone: Europe/Berlin\nrules:\n  - name: close\n"
        '    when: {schedule: "30 2 * * *"}\n    match: {conference: "*"}\n'
        "    do: [hang_up: conference]\n"
    )
    result = CliRunner().invoke(gavel, ["check", str(rules)])
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{rules}:5:22: note: on 20")
    assert result.stdout.endswith(f"the clocks skip 02:30: it runs at 03:00\n{rules}: ok, 1 rule\n")


SECRETS = """version: 1
conferences:
  - match: {conference: "board-*"}
    ask_pin: {prompt: "PIN?", roles: {host: {env: HOST_PIN}, guest: {env: GUEST_PIN}}}
  - match: {conference: "b-*"}
    ask_pin: {prompt: "PIN?", is: {env: BOARD_PIN}}
rules:
  - name: Ask
    when: member.entered
    do:
      - choose:
          - if: member.id == "1"
            do:
              - webhook: {url: "https://a.example/", secret: {env: CRM_SECRET}}
        else:
          - webhook:
              url: "https://a.example/"
              secret: {env: OTHER_SECRET}
              json: {secret: {env: NONE}, webhook: {secret: {env: NONE}}}
  - name: Off
    enabled: false
    when: member.exited
    do:
      - webhook: {url: "https://a.example/", secret: {env: UNUSED_SECRET}}
"""


def test_secrets_that_are_not_set_here_are_notes_and_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(SECRETS)
    monkeypatch.setenv("GUEST_PIN", "24x6")
    monkeypatch.setenv("CRM_SECRET_FILE", str(tmp_path / "nowhere"))
    result = CliRunner().invoke(gavel, ["check", str(path)])
    *notes, end = result.stdout.splitlines()
    assert (result.exit_code, end) == (0, f"{path}: ok, 2 rules")
    assert "24x6" not in result.output
    said = ("HOST_PIN is not", "GUEST_PIN is not", "BOARD_PIN is not", "CRM_SECRET_FILE can not")
    places = ("4:51", "4:75", "6:41", "14:68", "18:29")
    for note, place, words in zip(notes, places, (*said, "OTHER_SECRET is not"), strict=True):
        assert note.startswith(f"{path}:{place}: note: {words}")


def test_of_secrets_that_are_set_here_nothing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(SECRETS)
    for name in ("HOST_PIN", "GUEST_PIN", "BOARD_PIN", "OTHER_SECRET"):
        monkeypatch.setenv(name, "2468")
    (tmp_path / "secret").write_text("whsec_aGk=")
    monkeypatch.setenv("CRM_SECRET_FILE", str(tmp_path / "secret"))
    assert CliRunner().invoke(gavel, ["check", str(path)]).stdout == f"{path}: ok, 2 rules\n"


@pytest.mark.parametrize(
    ("place", "extra"),
    [
        ("s3://b", "s3"),
        ("gs://b", "gcs"),
        ("az://b", "azure"),
        ("sftp://u@h", "sftp"),
        ("file://", ""),
    ],
)
def test_archive_says_which_extra_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, extra: str
) -> None:
    monkeypatch.setattr(targets, "find_spec", lambda _package: None)
    targets.missing_extra.cache_clear()
    path = tmp_path / "rules.yaml"
    path.write_text(
        "version: 1\nrules:\n  - name: Keep\n    when: recording.ready\n    do:\n"
        f'      - archive: {{to: "{place}/kept/{{{{ recording.id }}}}.mp3"}}\n'
    )
    told = CliRunner().invoke(gavel, ["check", str(path)])
    targets.missing_extra.cache_clear()
    assert told.exit_code == (1 if extra else 0), told.output
    assert (f"pip install 'gavel[{extra}]'" in told.output) is bool(extra)


@pytest.fixture
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of two accounts with the same rules, and one with others."""
    monkeypatch.chdir(tmp_path)
    Path("acme.yaml").write_text("version: 1\nrules: []\n")
    Path("rules.yaml").write_text("version: 1\nrules: []\n")
    entry = (
        "  - {{name: {0}, plivo_auth_id: MA{0}, plivo_auth_token: t-{0}, rules_file: {1}.yaml}}\n"
    )
    entries = [entry.format("a", "acme"), entry.format("b", "acme"), entry.format("c", "rules")]
    path = Path("accounts.yaml")
    path.write_text("accounts:\n" + "".join(entries))
    return path


def test_accounts_are_checked_with_the_rules_of_each_once(accounts: Path) -> None:
    result = CliRunner().invoke(gavel, ["check", "--json"], env={"ACCOUNTS_FILE": str(accounts)})
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert (result.exit_code, [one["ok"] for one in told]) == (0, [True, True, True])
    assert [one["path"] for one in told] == ["accounts.yaml", "acme.yaml", "rules.yaml"]
    assert (told[0]["accounts"], told[0]["rules"]) == (3, None)
    by_option = CliRunner().invoke(gavel, ["check", "--json", "--accounts", str(accounts)])
    assert by_option.stdout == result.stdout


def test_the_rules_of_the_service_are_checked_where_it_has_an_account(accounts: Path) -> None:
    own = {"PLIVO_AUTH_ID": "MA1", "PLIVO_AUTH_TOKEN": "t", "RULES_FILE": "own.yaml"}
    Path("own.yaml").write_text("version: 1\nrules: []\n")
    result = CliRunner().invoke(gavel, ["check"], env={"ACCOUNTS_FILE": str(accounts)} | own)
    paths = [line.partition(":")[0] for line in result.stdout.splitlines() if ": ok, " in line]
    assert paths == ["own.yaml", "accounts.yaml", "acme.yaml", "rules.yaml"]


def test_one_file_is_checked_alone(accounts: Path) -> None:
    environ = {"ACCOUNTS_FILE": str(accounts)}
    result = CliRunner().invoke(gavel, ["check", "acme.yaml"], env=environ)
    assert result.stdout.splitlines()[-1] == "acme.yaml: ok, 0 rules"
    assert "accounts" not in result.stdout


def test_rules_of_an_account_that_are_wrong_or_not_there_end_with_one(accounts: Path) -> None:
    Path("acme.yaml").write_text("version: 2\n")
    Path("rules.yaml").unlink()
    result = CliRunner().invoke(gavel, ["check", "--accounts", str(accounts)])
    assert result.exit_code == 1
    assert "accounts.yaml:4:70: warning: rules.yaml is no file" in result.stdout
    assert "acme.yaml:1:10: error: " in result.stdout
    assert "rules.yaml:1:1: error: the rules file rules.yaml can not be read" in result.stdout


def test_wrong_accounts_are_told_alone(accounts: Path) -> None:
    accounts.write_text("accounts: [{name: x}]\n")
    result = CliRunner().invoke(gavel, ["check", "--accounts", str(accounts), "--format", "github"])
    assert result.exit_code == 1
    assert all(line.startswith("::error file=accounts.yaml") for line in result.stdout.splitlines())


def test_the_schema_of_accounts_is_printed() -> None:
    found = json.loads(CliRunner().invoke(gavel, ["schema", "--accounts"]).stdout)
    assert "accounts" in found["properties"]
