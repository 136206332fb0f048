"""`gavel test -k`, `--junit`; `gavel check --format`: what CI systems are told."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from cli.commands.test import NoTests
from cli.main import gavel

RULES = "version: 1\nrules:\n  - {name: Mute, when: member.entered, do: [{mute: member}]}\n"
TESTS = """\
tests:
  - name: Anna is muted
    timeline: [{at: 0s, member.entered: {conference: a, member: 1}}]
    expect: [{at: 0s, mute: 1}]
  - name: Bert is <muted> & "deaf"
    timeline: [{at: 0s, member.entered: {conference: a, member: 2}}]
    expect: [{at: 0s, deaf: 2}]
"""


@pytest.fixture
def tests(tmp_path: Path) -> Path:
    (tmp_path / "rules.yaml").write_text(RULES)
    path = tmp_path / "rules_test.yaml"
    path.write_text(TESTS)
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(gavel, [str(one) for one in arguments])


def test_only_tests_of_a_name_are_played(tests: Path) -> None:
    assert run("test", tests).exit_code == 1
    result = run("test", tests, "-k", "anna")
    assert (result.exit_code, result.output) == (0, "ok   Anna is muted\n1 of 1 passed\n")
    result = run("test", tests, "-k", "nobody")
    assert result.exit_code == 1
    assert isinstance(result.exception, NoTests)


def test_a_report_names_what_failed_and_tells_its_timeline(tests: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    assert run("test", tests, "--junit", report).exit_code == 1
    [suite] = ElementTree.parse(report).getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "0")
    passed, failed = suite
    assert (passed.get("name"), len(passed)) == ("Anna is muted", 0)
    assert failed.get("name") == 'Bert is <muted> & "deaf"'
    [failure] = failed
    assert f"{tests}:7:" in str(failure.get("message"))
    assert "Mute: ran" in str(failure.text)


def test_a_report_tells_of_rules_that_can_not_be_used(tests: Path, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("version: 1\nrules: [{name: x}]\n")
    report = tmp_path / "report.xml"
    assert run("test", tests, "--junit", report).exit_code == 1
    [suite] = ElementTree.parse(report).getroot()
    assert suite.get("errors") == "1"
    result = run("test", tests, "--junit", "/nowhere/report.xml")
    assert "/nowhere/report.xml can not be written" in str(result.exception)


def test_findings_are_annotations_for_github(tmp_path: Path) -> None:
    rules = tmp_path / "a,b%.yaml"
    rules.write_text(
        'version: 1\nrules:\n  - {name: "x", when: "member%\\n", do: [mute: member]}\n'
    )
    result = run("check", rules, "--format", "github")
    assert result.exit_code == 1
    [line] = result.output.splitlines()
    assert line.startswith(f"::error file={tmp_path}/a%2Cb%25.yaml,line=3,col=")
    assert "member%25" in line
