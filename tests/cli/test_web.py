"""`gavel web` tells what is wrong before it becomes the web process."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from app.accounts.file import AccountsError
from cli.commands.web import web


def test_broken_accounts_are_told_before_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "accounts.yaml").write_text("accounts: x\n")
    monkeypatch.setenv("ACCOUNTS_FILE", str(tmp_path / "accounts.yaml"))
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    with pytest.raises(AccountsError, match=r"accounts\.yaml:1:11"):
        CliRunner().invoke(web, [], catch_exceptions=False)
