"""A `.env` file adds settings, and never changes one that is set."""

from pathlib import Path

import pytest

from app.env_file import read_env_file
from app.errors import SettingsError
from app.settings import Settings, add_env_file


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PORT=9000\n", {"PORT": "9000"}),
        ("\ufeffPORT=9000\r\n# no\n\nexport HOST=::1 # why\n", {"PORT": "9000", "HOST": "::1"}),
        ("TRIGGER_TOKEN='a$b #c'\n", {"TRIGGER_TOKEN": "a$b #c"}),
        ("TRIGGER_TOKEN=a${HOME}b\n", {"TRIGGER_TOKEN": "a${HOME}b"}),
        ("PORT=\n", {"PORT": ""}),
        ("", {}),
    ],
)
def test_values_stand_as_they_are_written(
    tmp_path: Path, text: str, expected: dict[str, str]
) -> None:
    (tmp_path / ".env").write_text(text, encoding="utf-8")
    assert read_env_file(tmp_path / ".env") == expected


def test_no_file_adds_nothing(tmp_path: Path) -> None:
    assert read_env_file(tmp_path / ".env") == {}


def test_every_line_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=1\nrules yaml\nHOST\n")
    with pytest.raises(SettingsError) as raised:
        read_env_file(tmp_path / ".env")
    assert [one.rpartition("/")[2] for one in raised.value.problems] == [
        ".env:2 must be NAME=value",
        ".env:3 must be NAME=value",
    ]


@pytest.mark.parametrize("bad", [b"PORT=\xff\n", None])
def test_a_file_that_can_not_be_read_is_a_sentence(tmp_path: Path, bad: bytes | None) -> None:
    path = tmp_path / ".env"
    path.mkdir() if bad is None else path.write_bytes(bad)
    with pytest.raises(SettingsError, match="can not be read"):
        read_env_file(path)


def test_what_is_set_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("PORT=9000\nSANDBOX_PORT=9001\n")
    monkeypatch.setenv("PORT", "7000")
    monkeypatch.setenv("SANDBOX_PORT", "")
    monkeypatch.delenv("SANDBOX_PORT")
    add_env_file(tmp_path / ".env")
    assert (Settings.load().port, Settings.load().sandbox_port) == (7000, 9001)
