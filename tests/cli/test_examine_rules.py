"""What `gavel up` finds out of the rules: is the demo for them, and where a person may call in."""

from pathlib import Path

import pytest

from cli.up.demo import CONFERENCE
from cli.up.examine_rules import example_conference, is_meant
from cli.up.rules_at_start import UnusableRules, look_at_rules
from workers.rules.load import load

RULE = "  - {name: R%d, enabled: %s, when: member.entered, match: {%s}, do: [mute: member]}\n"


@pytest.mark.parametrize(
    ("matches", "demo", "conference"),
    [
        ([("true", 'conference: "demo-*"')], True, "demo-1"),
        ([("true", 'member.from: "+1*"')], True, "demo-1"),
        ([("true", 'conference: "townhall-*"')], False, "townhall-1"),
        ([("true", 'conference: ["all-hands", "townhall-*"]')], False, "all-hands"),
        ([("false", 'conference: "demo-*"'), ("true", 'conference: "a?-*"')], False, "a1-1"),
        ([], False, "demo-1"),
    ],
)
def test_the_rules_decide_who_calls(
    matches: list[tuple[str, str]], demo: bool, conference: str
) -> None:
    rows = "".join(RULE % (number, *match) for number, match in enumerate(matches))
    rules = load("version: 1\nrules:" + (f"\n{rows}" if rows else " []\n"), "rules.yaml")
    assert (is_meant(rules, CONFERENCE), example_conference(rules)) == (demo, conference)


@pytest.fixture
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a service that has neither rules nor an account of its own."""
    path = tmp_path / "accounts.yaml"
    path.write_text("accounts: [{name: x, plivo_auth_id: MA1, plivo_auth_token: token-of-x}]\n")
    monkeypatch.setenv("ACCOUNTS_FILE", str(path))
    monkeypatch.setenv("RULES_FILE", str(tmp_path / "nowhere.yaml"))
    return path


def test_accounts_alone_need_no_rules_of_the_service(accounts: Path) -> None:
    found = look_at_rules()
    assert (found.accounts, found.demo) == (f"{accounts}: ok, 1 account", False)


def test_an_account_of_the_service_needs_its_rules(
    accounts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLIVO_AUTH_ID", "MA2")
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", "token")
    with pytest.raises(UnusableRules, match=r"nowhere\.yaml can not be read"):
        look_at_rules()
    accounts.with_name("nowhere.yaml").write_text("version: 1\nrules: []\n")
    found = look_at_rules()
    assert found.told.endswith("nowhere.yaml: ok, 0 rules")
    assert found.accounts.endswith("ok, 1 account")


def test_wrong_accounts_are_told_before_anything_starts(accounts: Path) -> None:
    accounts.write_text("accounts: x\n")
    with pytest.raises(UnusableRules, match=r"^ACCOUNTS_FILE cannot be used:\n.*yaml:1:11: error"):
        look_at_rules()
