"""`gavel check` and the shipped files."""

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
    with pytest.raises(NoRulesFile, match="set RULES_FILE"):
        read_rules(str(tmp_path / "nowhere.yaml"))


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "rules.yaml")
    with pytest.raises(NoRulesFile, match="is not a file"):
        read_rules(str(tmp_path / "rules.yaml"))


def test_a_file_that_is_not_text_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_bytes(b"version: \xff")
    result = CliRunner().invoke(gavel, ["check", str(path)])
    assert result.exit_code == 1
    assert result.stdout == f"{path}:1:10: error: not UTF-8; save the file as UTF-8\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    result = CliRunner().invoke(gavel, [name, "--help"])
    assert result.exit_code == 0
    assert f"Usage: gavel {name}" in result.output


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
