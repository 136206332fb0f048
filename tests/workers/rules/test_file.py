"""A changed rules file is noticed by its content, whole, however it is replaced."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from workers.rules.file import SETTLED, TRUSTED, Broken, Loaded, RulesFile
from workers.rules.nodes.yaml import MAX_BYTES


def rules(name: str) -> str:
    return f"version: 1\nrules:\n  - name: {name}\n    when: member.entered\n    do: [record]\n"


class Clock:
    """Time that only passes when somebody pauses or the test says so; `meanwhile` are things
    that happen during the next pauses."""

    def __init__(self) -> None:
        self.now = 0.0
        self.meanwhile: list[Callable[[], object]] = []

    def pause(self, seconds: float) -> None:
        self.now += seconds
        if self.meanwhile:
            self.meanwhile.pop(0)()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(rules("one"))
    return path


@pytest.fixture
def file(path: Path, clock: Clock) -> RulesFile:
    """A file whose first content was taken."""
    file = RulesFile(str(path), clock=lambda: clock.now, pause=clock.pause)
    assert name_of(file) == "one"
    return file


def name_of(file: RulesFile) -> str:
    found = file.poll()
    assert isinstance(found, Loaded), found
    return found.rules.rules[0].name


def messages_of(file: RulesFile) -> list[str]:
    found = file.poll()
    assert isinstance(found, Broken), found
    return [str(problem) for problem in found.problems]


def test_an_unchanged_file_is_told_once(file: RulesFile, clock: Clock) -> None:
    for _ in range(5):
        clock.now += TRUSTED
        assert file.poll() is None


def test_a_file_that_is_written_in_place_is_taken(file: RulesFile, path: Path) -> None:
    path.write_text(rules("second"))
    assert name_of(file) == "second"
    assert file.poll() is None


def test_the_text_that_was_loaded_comes_along(file: RulesFile, path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + rules("two").encode())
    found = file.poll()
    assert isinstance(found, Loaded)
    assert found.text == rules("two")


def test_a_touched_file_with_the_same_content_is_not_told(file: RulesFile, path: Path) -> None:
    os.utime(path, (1, 1))
    assert file.poll() is None


def test_a_change_that_keeps_size_and_times_is_seen_within_a_second(
    file: RulesFile, path: Path, clock: Clock
) -> None:
    before = path.stat()
    path.write_text(rules("two"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    clock.now += 0.5
    assert file.poll() is None
    clock.now += TRUSTED
    assert name_of(file) == "two"


def test_an_editor_that_renames_is_followed(file: RulesFile, path: Path) -> None:
    path.rename(path.with_suffix(".yaml~"))
    new = path.with_suffix(".new")
    new.write_text(rules("vim"))
    new.rename(path)
    assert name_of(file) == "vim"


def test_a_file_that_is_away_for_a_moment_is_not_reported(
    file: RulesFile, path: Path, clock: Clock
) -> None:
    away = path.with_suffix(".yaml~")
    path.rename(away)
    clock.meanwhile = [lambda: path.write_text(rules("vim"))]
    assert name_of(file) == "vim"


def test_git_is_followed_from_branch_to_branch(tmp_path: Path, clock: Clock) -> None:
    def git(*words: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True)

    path = tmp_path / "rules.yaml"
    git("init", "-q", "-b", "main")
    for branch in ("main", "other"):
        path.write_text(rules(branch))
        git("add", "rules.yaml")
        git("commit", "-q", "-m", branch)
        git("checkout", "-q", "-B", "other")
    file = RulesFile(str(path), clock=lambda: clock.now, pause=clock.pause)
    assert name_of(file) == "other"
    git("checkout", "-q", "main")
    assert name_of(file) == "main"


def test_the_symlinks_of_a_config_map_are_followed(tmp_path: Path, clock: Clock) -> None:
    for version in ("one", "two"):
        (tmp_path / f"..{version}").mkdir()
        (tmp_path / f"..{version}" / "rules.yaml").write_text(rules(version))
    (tmp_path / "..data").symlink_to("..one")
    (tmp_path / "rules.yaml").symlink_to("..data/rules.yaml")
    file = RulesFile(str(tmp_path / "rules.yaml"), clock=lambda: clock.now, pause=clock.pause)
    assert name_of(file) == "one"

    (tmp_path / "..data_tmp").symlink_to("..two")
    (tmp_path / "..data_tmp").rename(tmp_path / "..data")
    assert name_of(file) == "two"


def test_a_broken_file_is_told_once_and_its_repair_too(file: RulesFile, path: Path) -> None:
    path.write_text("version: 3\nrules: []\n")
    assert messages_of(file) == [f"{path}:1:10: error: expected 1, not '3'"]
    assert file.poll() is None
    path.write_text(rules("one"))
    assert name_of(file) == "one"


@pytest.mark.parametrize("half", [rules("two")[:20], "", rules("two") + "  - name: th"])
def test_a_half_written_file_is_not_taken(
    file: RulesFile, path: Path, clock: Clock, half: str
) -> None:
    path.write_text(half)
    clock.meanwhile = [lambda: path.write_text(rules("whole"))]
    assert name_of(file) == "whole"
    assert clock.now == pytest.approx(3 * SETTLED)


def test_a_file_that_keeps_changing_is_left_alone_until_it_rests(
    file: RulesFile, path: Path, clock: Clock
) -> None:
    clock.meanwhile = [lambda n=n: path.write_text(rules(f"n{n}")) for n in range(20)]
    path.write_text(rules("start"))
    assert file.poll() is None
    clock.meanwhile = []
    assert name_of(file).startswith("n")


def test_a_missing_file_is_told_and_its_return_too(file: RulesFile, path: Path) -> None:
    path.unlink()
    assert messages_of(file) == [
        f"{path}:1:1: error: the rules file cannot be read: No such file or directory"
    ]
    assert file.poll() is None
    path.write_text(rules("one"))
    assert name_of(file) == "one"


def test_the_first_look_always_has_an_answer(tmp_path: Path, clock: Clock) -> None:
    file = RulesFile(str(tmp_path / "none.yaml"), pause=clock.pause)
    assert "cannot be read" in messages_of(file)[0]


def test_a_directory_is_no_rules_file(tmp_path: Path, clock: Clock) -> None:
    file = RulesFile(str(tmp_path), pause=clock.pause)
    assert "is not a file" in messages_of(file)[0]


def test_other_encodings_are_refused_with_their_place(file: RulesFile, path: Path) -> None:
    path.write_bytes("version: 1\nrules: # für alle\n".encode("latin-1"))
    assert messages_of(file) == [f"{path}:2:11: error: not UTF-8; save the file as UTF-8"]


def test_a_huge_file_is_refused_without_being_read_whole(file: RulesFile, path: Path) -> None:
    with path.open("wb") as out:
        out.truncate(10 * MAX_BYTES)
    assert messages_of(file) == [f"{path}:1:1: error: the file has more than 1024 KiB"]
