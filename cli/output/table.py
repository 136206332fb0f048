"""Tables for people."""

import io
import shutil
import sys
from collections.abc import Sequence

import click

from cli.output.terminal import coloured, safe

_UNBOUNDED = 10_000


def show(head: Sequence[str], rows: Sequence[Sequence[str]], nothing: str) -> None:
    """Print aligned columns, or `nothing` when there are no rows.

    On a terminal long cells are folded to its width; anywhere else a row is one line.
    """
    if not rows:
        click.echo(nothing)
        return
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else _UNBOUNDED
    for line in _table(head, rows, width, colour=coloured(sys.stdout)).splitlines():
        click.echo(line.rstrip())


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], width: int, *, colour: bool) -> str:
    from rich.console import Console  # only the commands that print a table wait for it
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in head:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(safe(cell)) for cell in row))
    text = io.StringIO()
    console = Console(
        file=text,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        legacy_windows=False,
    )
    console.print(table)
    return text.getvalue()
