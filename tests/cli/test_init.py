"""`gavel init`: all of its files or none, and never over somebody's own."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.settings import Settings, add_env_file
from cli.commands.init import CannotWrite, NotEmpty, init
from cli.shipped_files import NotShipped, page, recipe, recipe_names

FILES = [".env", "rules.schema.json", "rules.yaml", "rules_test.yaml"]


def written(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(init, [str(folder), *arguments], catch_exceptions=True)


def test_the_secret_is_new_each_time_and_for_our_eyes_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIGGER_TOKEN", "")
    tokens = set()
    for name in ("one", "two"):
        assert written(tmp_path / name).exit_code == 0
        monkeypatch.delenv("TRIGGER_TOKEN")
        add_env_file(tmp_path / name / ".env")
        tokens |= set(Settings.load().trigger_token)
        assert (tmp_path / name / ".env").stat().st_mode & 0o777 == 0o600
    assert len(tokens) == 2


@pytest.mark.parametrize("there", FILES)
def test_a_file_that_is_there_is_named_and_nothing_is_written(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine")
    refused = written(tmp_path)
    assert isinstance(refused.exception, NotEmpty)
    assert there in str(refused.exception)
    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "mine"


def test_what_can_not_be_written_whole_leaves_nothing(tmp_path: Path) -> None:
    os.symlink("/nonexistent/rules", tmp_path / "elsewhere")
    refused = written(tmp_path / "elsewhere")
    assert isinstance(refused.exception, CannotWrite)
    assert [path.name for path in tmp_path.iterdir()] == ["elsewhere"]


def test_a_recipe_is_written_with_the_line_for_editors(tmp_path: Path) -> None:
    assert written(tmp_path, "--recipe", "join-muted").exit_code == 0
    first, second = (tmp_path / "rules.yaml").read_text().splitlines()[:2]
    assert first == "# yaml-language-server: $schema=./rules.schema.json"
    assert second.startswith("# A town hall")
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES


def test_a_recipe_that_there_is_not(tmp_path: Path) -> None:
    refused = written(tmp_path / "new", "--recipe", "join-mutd")
    assert isinstance(refused.exception, NotShipped)
    assert "did you mean 'join-muted'" in str(refused.exception)
    assert not (tmp_path / "new").exists()


def test_recipes_are_listed_by_whole_sentences_and_shown_with_their_tests() -> None:
    for name in recipe_names():
        assert recipe(name).about.endswith(".")
    shown = page("cookbook/bill-the-call")
    assert shown == page("cookbook/bill-the-call.yaml")
    assert recipe("bill-the-call").rules in shown
    assert recipe("bill-the-call").tests in shown
    assert "| recipe |" in page("cookbook")
    assert page("rules") == page("rules.md")
    with pytest.raises(NotShipped, match="there is no recipe nope"):
        page("cookbook/nope")
