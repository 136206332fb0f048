"""Bringing the embedded Valkey's file to the disk."""

import os
from pathlib import Path

import pytest

from cli.up.fsync import sync


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were synced, through the system call itself."""
    names: list[str] = []
    real = os.fsync

    def record(descriptor: int) -> None:
        names.append(os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}")))
        real(descriptor)

    monkeypatch.setattr("cli.up.fsync._sync", record)
    return names


def test_what_changed_is_synced_and_what_did_not_is_left_alone(
    tmp_path: Path, synced: list[str]
) -> None:
    (tmp_path / "a.aof").write_text("one")
    (tmp_path / "b.aof").write_text("one")
    state = sync(tmp_path, {})
    assert sorted(synced) == ["a.aof", "b.aof"]
    synced.clear()
    with (tmp_path / "b.aof").open("a") as file:
        file.write("two")
    sync(tmp_path, state)
    assert synced == ["b.aof"]


def test_a_folder_that_is_not_there_yet_is_no_failure(tmp_path: Path, synced: list[str]) -> None:
    assert sync(tmp_path / "appendonlydir", {}) == {}
    assert synced == []
