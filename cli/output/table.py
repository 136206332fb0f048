"""Tables for people."""

from collections.abc import Sequence

import click

from cli.output.terminal import safe


def show(head: Sequence[str], rows: Sequence[Sequence[str]], nothing: str) -> None:
    """Print aligned columns, or `nothing` when there are no rows."""
    if not rows:
        click.echo(nothing)
        return
    lines = [tuple(safe(cell) for cell in row) for row in (head, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())
