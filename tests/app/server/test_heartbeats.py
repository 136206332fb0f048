"""Where the web server's processes write their signs of life."""

import tempfile
from pathlib import Path

import pytest

from app.server import heartbeats
from app.server.heartbeats import NoFolder, heartbeat_folder


def test_memory_is_taken_first_then_the_folder_for_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeats, "_IN_MEMORY", str(tmp_path))
    assert heartbeat_folder() == str(tmp_path)
    monkeypatch.setattr(heartbeats, "_IN_MEMORY", str(tmp_path / "nowhere"))
    assert heartbeat_folder() == tempfile.gettempdir()


def test_a_read_only_file_system_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(heartbeats, "_IN_MEMORY", str(tmp_path / "nowhere"))
    monkeypatch.setattr(tempfile, "gettempdir", nothing)
    with pytest.raises(NoFolder, match="set TMPDIR"):
        heartbeat_folder()
