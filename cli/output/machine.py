"""`--json`: what a command tells, for programs. docs/cli.md describes every shape."""

from collections.abc import Iterable

import click

from cli.output.terminal import as_json_line

json_option = click.option(
    "--json", "as_json", is_flag=True, help="For programs, as `gavel docs cli` describes it."
)


def tell(values: Iterable[object]) -> None:
    """One JSON value a line."""
    for value in values:
        click.echo(as_json_line(value))
