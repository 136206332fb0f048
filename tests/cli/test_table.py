"""Tables of the asking commands: aligned by what is seen, as wide as the terminal."""

import click
import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from cli.output.table import _table, show

HEAD = ("conference", "members", "why")
ROWS = [("会议室🎉", "2", "x" * 100), ("[red]demo", "10", "y")]


def printed(*rows: tuple[str, ...], **environ: str) -> list[str]:
    @click.command()
    def table() -> None:
        show(HEAD, rows, "Nothing.")

    return CliRunner().invoke(table, env=environ, color=True).output.splitlines()


def test_columns_are_aligned_by_the_width_that_is_seen() -> None:
    _, wide, plain = printed(*ROWS)
    assert cell_len(wide[: wide.index("2")]) == cell_len(plain[: plain.index("10")])
    assert "[red]demo" in plain


def test_a_row_is_one_line_where_no_terminal_is() -> None:
    assert printed(*ROWS)[1].endswith("x" * 100)


def test_times_are_not_folded_where_other_columns_can_be() -> None:
    when = "2026-11-26 23:33:37 +01:00"
    rows = [(when, "a conference with a long name " * 3, "x" * 60)]
    text = _table(("due", "conference", "why"), rows, 80, colour=False)
    assert any(line.startswith(when) for line in text.splitlines())
    assert max(map(cell_len, text.splitlines())) <= 80
    narrow = _table(("due", "conference", "why"), rows, 40, colour=False)
    assert set(when.split()) <= set(narrow.split())


def test_no_rows_are_a_sentence() -> None:
    assert printed() == ["Nothing."]


@pytest.mark.parametrize(
    ("environ", "colours"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": ""}, False),
    ],
)
def test_the_environment_decides_about_colours(environ: dict[str, str], colours: bool) -> None:
    known = {"FORCE_COLOR": "", "NO_COLOR": ""} | environ
    assert ("\x1b[" in printed(*ROWS, **known)[0]) is colours
