"""The children's log files."""

from pathlib import Path

from cli.up import logfiles
from cli.up.logfiles import LogFile


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def test_a_line_is_shown_once_and_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "web.log"
    log = LogFile(path)
    append(path, "one\ntw")
    assert log.new_lines() == ["one"]
    append(path, "o\n")
    assert log.new_lines() == ["two"]
    assert log.new_lines() == []


def test_what_was_there_before_is_not_shown_again(tmp_path: Path) -> None:
    append(tmp_path / "web.log", "ERROR of yesterday\n")
    assert LogFile(tmp_path / "web.log").important_lines() == []


def test_only_warnings_and_errors_are_important_in_both_formats(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "web.log")
    lines = [
        "2026-01-05T10:00:00.123Z WARNING web: slow",
        "2026-01-05T10:00:00.123Z INFO gunicorn.error: Listening",
        '{"time": "…", "level": "error", "message": "x"}',
        '{"time": "…", "level": "info", "message": "no errors here"}',
    ]
    append(log.path, "\n".join(lines) + "\n")
    assert log.important_lines() == [lines[0], lines[2]]


def test_what_the_story_tells_is_not_shown_again_from_a_log(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "worker-1.log")
    append(log.path, 'ERROR gavel.rules: rules broken, the last good ones stay problem="x"\n')
    append(log.path, "ERROR gavel.rules: all rules are gone\n")
    assert log.important_lines() == ["ERROR gavel.rules: all rules are gone"]


def test_a_long_log_is_cut_and_its_past_kept_once(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "web.log")
    with log.path.open("a", encoding="utf-8") as writer:
        writer.write("x" * (logfiles.LONGEST + 1) + "\n")
        writer.flush()
        log.keep_short()
        assert log.path.stat().st_size == 0
        assert (tmp_path / "web.log.1").stat().st_size > logfiles.LONGEST
        writer.write("after\n")
        writer.flush()
    assert log.new_lines() == ["after"]


def test_the_last_words_are_the_last_lines_that_hold_anything(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "web.log")
    append(log.path, "one\ntwo\n\nthree\n\n")
    assert log.last_words(count=2) == ["two", "three"]
