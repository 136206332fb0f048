"""Tables for people."""

import io
import shutil
import sys
from collections.abc import Collection, Sequence

import click

from cli.output.terminal import coloured, safe

WHOLE = {"due", "in", "since", "when", "made", "id", "call", "silence", "switch"}
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


def _whole(head: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Collection[str]:
    """The columns that are not folded: times and ids, which people copy; none where they would
    take more than half of the width."""
    from rich.cells import cell_len

    places = [place for place, name in enumerate(head) if name in WHOLE]
    needed = sum(2 + max(cell_len(row[place]) for row in rows) for place in places)
    return {head[place] for place in places} if needed <= width / 2 else ()


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], width: int, *, colour: bool) -> str:
    from rich.console import Console  # only the commands that print a table wait for it
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    whole = _whole(head, rows, width)
    for name in head:
        table.add_column(name, overflow="fold", no_wrap=name in whole)
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
