"""ACCOUNTS_FILE as it changes: good versions are taken, broken ones told, and who is as before
stays the very same."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.accounts.file import AccountsError, AccountsFile
from app.domain.redaction import Redaction, hide
from app.settings import Settings

AGENCY = "- {name: agency, plivo_auth_id: MA1, plivo_auth_token: token-of-agency}\n"
ACME = "- {name: acme, plivo_auth_id: SA1, plivo_auth_token: token-of-acme, main_account: agency}\n"
BETA = "- {name: beta, plivo_auth_id: SA2, plivo_auth_token: token-of-beta, main_account: agency}\n"


class Watched:
    """The file, on a clock of its own."""

    def __init__(self, path: Path) -> None:
        self.path, self.now = path, 0.0
        self.write(AGENCY, ACME)
        self.file = AccountsFile(
            str(path), Settings(), clock=lambda: self.now, pause=lambda _: None
        )
        self.file.open()

    def write(self, *entries: str) -> None:
        self.path.write_text("accounts:\n" + "".join(entries))

    def settled(self) -> bool:
        """Did any look say that something changed, for as long as a change takes?"""
        found = []
        for _ in range(4):
            self.now += 0.5
            found.append(self.file.look())
        return any(found)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    yield Watched(tmp_path / "accounts.yaml")
    hide([])


def test_it_does_not_begin_with_a_broken_file(tmp_path: Path) -> None:
    (tmp_path / "accounts.yaml").write_text("accounts: x\n")
    with pytest.raises(AccountsError, match=r"accounts\.yaml:1:11: error: accounts is a list"):
        AccountsFile(str(tmp_path / "accounts.yaml"), Settings(), pause=lambda _: None).open()


def test_what_is_new_gone_and_changed_is_named(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert not watched.settled()
    watched.write(AGENCY.replace("token-of", "new-token-of"), BETA)
    assert watched.settled()
    assert list(watched.file.accounts) == ["agency", "beta"]
    [line] = [record for record in caplog.records if record.message == "accounts loaded"]
    ids = vars(line)["ids"]
    assert ids == {"accounts": 2, "added": "beta", "changed": "agency", "removed": "acme"}


def test_who_is_as_before_is_the_same_object(watched: Watched) -> None:
    before = watched.file.accounts
    watched.write(AGENCY, ACME, BETA)
    assert watched.settled()
    after = watched.file.accounts
    assert after["acme"] is before["acme"]
    assert after["acme"].settings.foreign_tokens() == ("token-of-beta",)
    watched.write(AGENCY, ACME.replace("}", ", numbers: shown}"), BETA)
    assert watched.settled()
    assert watched.file.accounts["acme"] is not after["acme"]
    assert watched.file.accounts["beta"] is after["beta"]


def test_a_comment_changes_nobody(watched: Watched) -> None:
    before = dict(watched.file.accounts)
    watched.write("# none\n", AGENCY, ACME)
    assert not watched.settled()
    assert dict(watched.file.accounts) == before


def test_a_broken_file_changes_nothing_and_is_told_once(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    before = watched.file.accounts
    watched.write(AGENCY, ACME.replace("agency", "agenci"))
    assert not watched.settled()
    assert not watched.settled()
    assert watched.file.accounts is before
    [line] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert line.message == "accounts broken, the last good ones stay"
    assert "accounts.yaml:3:83: error: unknown account" in vars(line)["ids"]["problem"]
    watched.write(AGENCY, ACME)
    assert not watched.settled()


def test_a_refused_file_is_taken_when_what_it_names_is_there_and_nothing_is_told_twice(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    by_file = BETA.replace("token: token-of-beta", "token_file: beta")
    watched.write(AGENCY, ACME, by_file.replace("}", ", rules_file: no.yaml}"))
    for _ in range(20):
        assert not watched.settled()
    told = [record.levelno for record in caplog.records if "broken" in record.message]
    assert told == [logging.ERROR, logging.WARNING]
    (watched.path.parent / "beta").write_text("token-of-beta")
    assert any(watched.settled() for _ in range(6))
    assert watched.file.accounts["beta"].settings.plivo_auth_token[0] == "token-of-beta"


def test_a_secret_in_a_file_of_its_own_is_taken_when_that_file_changes(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    beta, gamma = (watched.path.parent / name for name in ("beta", "gamma"))
    beta.write_text("token-of-beta")
    gamma.write_text("token-of-gamma")
    monkeypatch.setenv("GAMMA_FILE", str(gamma))
    watched.write(
        AGENCY,
        BETA.replace("token: token-of-beta", "token_file: beta"),
        "- {name: gamma, plivo_auth_id: SA3, plivo_auth_token_env: GAMMA}\n",
    )
    assert watched.settled()
    before = watched.file.accounts
    assert not any(watched.settled() for _ in range(12))
    for secret in (beta, gamma):
        secret.write_text(f"new-token-of-{secret.name},token-of-{secret.name}")
        assert any(watched.settled() for _ in range(6))
        tokens = watched.file.accounts[secret.name].settings.plivo_auth_token
        assert tokens[:2] == (f"new-token-of-{secret.name}", f"token-of-{secret.name}")
    assert watched.file.accounts["agency"] is before["agency"]


def test_a_secret_s_file_is_let_alone_while_it_is_written_or_gone(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    beta = watched.path.parent / "beta"
    beta.write_text("token-of-beta")
    watched.write(AGENCY, BETA.replace("token: token-of-beta", "token_file: beta"))
    assert watched.settled()
    before = watched.file.accounts
    for length in range(1, 30):
        beta.write_text("x" * length)
        watched.now += 0.5
        assert not watched.file.look()
    beta.unlink()
    assert not any(watched.settled() for _ in range(20))
    assert watched.file.accounts is before
    told = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.message for record in told] == ["accounts broken, the last good ones stay"]
    beta.write_text("new-token-of-beta")
    assert any(watched.settled() for _ in range(6))
    assert watched.file.accounts["beta"].settings.plivo_auth_token[0] == "new-token-of-beta"


def test_a_file_that_is_gone_changes_nothing(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    watched.path.unlink()
    assert not watched.settled()
    assert list(watched.file.accounts) == ["agency", "acme"]
    assert "cannot be read" in vars(caplog.records[-1])["ids"]["problem"]


def test_all_gone_is_likelier_an_accident(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    watched.path.write_text("accounts: []\n")
    assert watched.settled()
    assert any("all accounts are gone" in record.message for record in caplog.records)


def test_no_log_shows_a_secret_of_any_account(watched: Watched) -> None:
    watched.write(AGENCY, ACME.replace("token-of", "new-token-of"))
    assert watched.settled()
    told = Redaction()("token-of-acme new-token-of-acme token-of-agency token-of-beta")
    assert told == "[secret] [secret] [secret] token-of-beta"
