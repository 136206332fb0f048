"""A changed rules file is noticed by its content, whole, however it is replaced."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from app.yaml.changing import AT_FIRST, SETTLED, TRUSTED
from app.yaml.document import MAX_BYTES
from workers.rules.file import Broken, Loaded, RulesFile


def rules(name: str) -> str:
    return f"version: 1\nrules:\n  - name: {name}\n    when: member.entered\n    do: [record]\n"


LOOKS = 0.5


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
    assert isinstance(file.poll(), Loaded)
    return file


def looked(file: RulesFile, clock: Clock) -> Loaded | Broken | None:
    """The next answer within the two seconds in which a change is taken."""
    for _ in range(4):
        clock.pause(LOOKS)
        found = file.poll()
        if found is not None:
            return found
    return None


def name_of(file: RulesFile, clock: Clock) -> str:
    found = looked(file, clock)
    assert isinstance(found, Loaded), found
    return found.rules.rules[0].name


def messages_of(file: RulesFile, clock: Clock) -> list[str]:
    found = looked(file, clock)
    assert isinstance(found, Broken), found
    return [str(problem) for problem in found.problems]


def test_an_unchanged_file_is_told_once(file: RulesFile, clock: Clock) -> None:
    for _ in range(5):
        clock.now += TRUSTED
        assert file.poll() is None


def test_a_file_that_is_written_in_place_is_taken(
    file: RulesFile, path: Path, clock: Clock
) -> None:
    path.write_text(rules("second"))
    assert name_of(file, clock) == "second"
    assert looked(file, clock) is None


def test_the_text_that_was_loaded_comes_along(file: RulesFile, path: Path, clock: Clock) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + rules("two").encode())
    found = looked(file, clock)
    assert isinstance(found, Loaded)
    assert found.text == rules("two")


def test_a_touched_file_with_the_same_content_is_not_told(
    file: RulesFile, path: Path, clock: Clock
) -> None:
    os.utime(path, (1, 1))
    assert looked(file, clock) is None


def test_a_change_that_keeps_size_and_times_is_seen(
    file: RulesFile, path: Path, clock: Clock
) -> None:
    before = path.stat()
    path.write_text(rules("two"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.poll() is None
    clock.now += TRUSTED
    assert name_of(file, clock) == "two"


def test_an_editor_that_renames_is_followed(file: RulesFile, path: Path, clock: Clock) -> None:
    path.rename(path.with_suffix(".yaml~"))
    new = path.with_suffix(".new")
    new.write_text(rules("vim"))
    new.rename(path)
    assert name_of(file, clock) == "vim"


def test_a_file_that_is_away_for_a_moment_is_not_reported(
    file: RulesFile, path: Path, clock: Clock
) -> None:
    away = path.with_suffix(".yaml~")
    path.rename(away)
    clock.meanwhile = [lambda: None, lambda: path.write_text(rules("vim"))]
    assert name_of(file, clock) == "vim"


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
    assert isinstance(file.poll(), Loaded)
    git("checkout", "-q", "main")
    assert name_of(file, clock) == "main"


def test_the_symlinks_of_a_config_map_are_followed(tmp_path: Path, clock: Clock) -> None:
    for version in ("one", "two"):
        (tmp_path / f"..{version}").mkdir()
        (tmp_path / f"..{version}" / "rules.yaml").write_text(rules(version))
    (tmp_path / "..data").symlink_to("..one")
    (tmp_path / "rules.yaml").symlink_to("..data/rules.yaml")
    file = RulesFile(str(tmp_path / "rules.yaml"), clock=lambda: clock.now, pause=clock.pause)
    assert isinstance(file.poll(), Loaded)

    (tmp_path / "..data_tmp").symlink_to("..two")
    (tmp_path / "..data_tmp").rename(tmp_path / "..data")
    assert name_of(file, clock) == "two"


def test_a_broken_file_is_told_once_and_its_repair_too(
    file: RulesFile, path: Path, clock: Clock
) -> None:
    path.write_text("version: 3\nrules: []\n")
    assert messages_of(file, clock) == [f"{path}:1:10: error: version: expected 1, not '3'"]
    assert file.poll() is None
    path.write_text(rules("one"))
    assert name_of(file, clock) == "one"


@pytest.mark.parametrize("half", [rules("two")[:20], "", rules("two") + "  - name: th"])
def test_a_half_written_file_is_not_taken(
    file: RulesFile, path: Path, clock: Clock, half: str
) -> None:
    path.write_text(half)
    clock.meanwhile = [lambda: None, lambda: path.write_text(rules("whole"))]
    assert name_of(file, clock) == "whole"


def test_a_file_that_is_written_rule_by_rule_is_taken_whole(
    file: RulesFile, path: Path, clock: Clock
) -> None:
    names = [f"n{number}" for number in range(6)]
    entry = rules("").partition("rules:\n")[2]
    path.write_text("version: 1\nrules:\n")
    written = clock.now
    for name in names:
        while clock.now < written + 0.8:
            clock.now += LOOKS / 5
            assert file.poll() is None
        written = clock.now
        with path.open("a") as out:
            out.write(entry.replace("name: ", f"name: {name}"))
    found = looked(file, clock)
    assert isinstance(found, Loaded)
    assert [rule.name for rule in found.rules.rules] == names


def test_a_file_that_becomes_what_it_was_is_not_told(
    file: RulesFile, path: Path, clock: Clock
) -> None:
    path.write_text(rules("two"))
    clock.pause(LOOKS)
    assert file.poll() is None
    path.write_text(rules("one"))
    assert looked(file, clock) is None


def test_a_saved_file_is_taken_within_two_seconds(
    file: RulesFile, path: Path, clock: Clock
) -> None:
    path.write_text(rules("two"))
    saved = clock.now
    assert name_of(file, clock) == "two"
    assert SETTLED < clock.now - saved < 2


def test_a_first_look_waits_for_two_reads_that_agree(path: Path, clock: Clock) -> None:
    clock.meanwhile = [lambda: path.write_text(rules("whole"))]
    found = RulesFile(str(path), clock=lambda: clock.now, pause=clock.pause).poll()
    assert isinstance(found, Loaded)
    assert found.rules.rules[0].name == "whole"
    assert clock.now == pytest.approx(2 * AT_FIRST)


def test_a_missing_file_is_told_and_its_return_too(
    file: RulesFile, path: Path, clock: Clock
) -> None:
    path.unlink()
    assert messages_of(file, clock) == [
        f"{path}:1:1: error: the rules file cannot be read: No such file or directory"
    ]
    assert file.poll() is None
    path.write_text(rules("one"))
    assert name_of(file, clock) == "one"


def test_the_first_look_always_has_an_answer(tmp_path: Path, clock: Clock) -> None:
    file = RulesFile(str(tmp_path / "none.yaml"), clock=lambda: clock.now, pause=clock.pause)
    found = file.poll()
    assert isinstance(found, Broken)
    assert "cannot be read" in str(found.problems[0])


def test_a_directory_is_no_rules_file(tmp_path: Path, clock: Clock) -> None:
    file = RulesFile(str(tmp_path), pause=clock.pause)
    found = file.poll()
    assert isinstance(found, Broken)
    assert "is not a file" in str(found.problems[0])


def test_other_encodings_are_refused_with_their_place(
    file: RulesFile, path: Path, clock: Clock
) -> None:
    path.write_bytes("version: 1\nrules: # für alle\n".encode("latin-1"))
    assert messages_of(file, clock) == [f"{path}:2:11: error: not UTF-8; save the file as UTF-8"]


def test_a_huge_file_is_refused_without_being_read_whole(
    file: RulesFile, path: Path, clock: Clock
) -> None:
    with path.open("wb") as out:
        out.truncate(10 * MAX_BYTES)
    assert messages_of(file, clock) == [f"{path}:1:1: error: the file has more than 1024 KiB"]
