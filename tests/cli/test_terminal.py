"""What is written on the terminal, and that writing never holds anybody up."""

import io
import os

import pytest

from cli.output.terminal import WAITING_LINES, Terminal, safe
from tests.waiting import until


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("plain, Zoë 🎉", "plain, Zoë 🎉"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("two\r\nlines", "two\\r\\nlines"),
        ("\u202eright to left", "\\u202eright to left"),
        ("half \ud83d", "half \\ud83d"),
    ],
)
def test_text_from_outside_can_not_steer_the_terminal(hostile: str, shown: str) -> None:
    assert safe(hostile) == shown


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "no_color", "force_color", "shown"),
    [
        (Tty(), "", "", "\x1b[31mx\x1b[0m"),
        (Tty(), "1", "", "x"),
        (io.StringIO(), "", "", "x"),
        (io.StringIO(), "", "1", "\x1b[31mx\x1b[0m"),
        (io.StringIO(), "1", "1", "x"),
    ],
)
def test_colours_appear_on_a_terminal_or_by_the_environment(
    stream: io.StringIO,
    no_color: str,
    force_color: str,
    shown: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("FORCE_COLOR", force_color)
    assert Terminal(stream).paint("red", "x") == shown


def test_a_terminal_that_is_stopped_drops_lines_and_says_how_many() -> None:
    reader, writer = os.pipe()
    with open(reader, "rb") as read, open(writer, "w", encoding="utf-8") as stream:
        terminal = Terminal(stream)
        long = "x" * 1000
        for _ in range(WAITING_LINES * 3):  # more than the pipe and the waiting lines hold
            terminal.say(long)
        seen = read.read1(1_000_000)
        assert seen.startswith(b"xxx")
        told = b""

        def shown() -> bool:
            nonlocal told
            terminal.say("go on")
            told += read.read1(1_000_000)
            return b"lines were not shown)" in told

        until(shown, "the number of dropped lines")
        terminal.close()


def test_a_pipe_whose_reader_went_away_stops_nothing() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w", encoding="utf-8") as stream:
        terminal = Terminal(stream)
        for number in range(WAITING_LINES):
            terminal.say(f"{number}: nobody reads this")
        terminal.close()
