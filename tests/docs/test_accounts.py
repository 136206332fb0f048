"""docs/accounts.md: its file is one, and what it says of each key is so."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from app.accounts.entry import KEYS
from app.accounts.file import read_accounts
from app.accounts.settings import OWN
from app.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "accounts.md").read_text(encoding="utf-8")


def test_the_file_in_it_is_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [text] = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for name in re.findall(r"_env: (\w+)", text):
        monkeypatch.setenv(name, f"secret-of-{name.lower()}")
    for rules in re.findall(r"rules_file: (\S+)", text):
        (tmp_path / rules).parent.mkdir()
        (tmp_path / rules).write_text("version: 1\nrules: []\n")
    (tmp_path / "accounts.yaml").write_text(text)
    by_issuer = Settings(oidc_issuer="https://id.example.com", oidc_client_id="gavel")
    found = read_accounts(str(tmp_path / "accounts.yaml"), by_issuer)
    assert (list(found), found.warnings) == (["agency", "acme"], ())


def test_every_key_is_in_its_table() -> None:
    table = PAGE.partition("| key |")[2].partition("\n\n")[0]
    named = re.findall(r"`(\w+)(…?)`", table)
    known = {entry.name for entry in fields(Settings)} | KEYS

    def is_named(key: str) -> bool:
        return any(key == name or (dots and key.startswith(name)) for name, dots in named)

    assert [key for key in OWN if not is_named(key) and not key.startswith("oidc_")] == []
    assert [n for n, dots in named if not dots and n.islower() and n not in known | {"name"}] == []
