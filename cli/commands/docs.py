"""`gavel docs`: the documentation, where Gavel is installed without its repository."""

import sys

import click

from cli.names.completion import pages
from cli.output.machine import json_option, tell
from cli.output.terminal import coloured
from cli.shipped_files import page, page_names


@click.command()
@click.argument("name", required=False, metavar="[PAGE]", shell_complete=pages)
@json_option
def docs(name: str | None, as_json: bool) -> None:
    """Show a PAGE of the documentation; without one, list them.

    `cookbook` lists the recipes, and `cookbook/NAME` is one of them with its test.
    """
    if name is None and as_json:
        tell({"name": one, "title": _title(page(one))} for one in page_names())
    elif name is None:
        for one in page_names():
            click.echo(f"{one.ljust(16)} {_title(page(one))}")
    elif coloured(sys.stdout) and not as_json:
        _show(page(name))
    else:
        click.echo(page(name), nl=False)


def _title(text: str) -> str:
    return text.partition("\n")[0].lstrip("# ")


def _show(text: str) -> None:
    """On a terminal: laid out to its width, page by page."""
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console()
    with console.pager(styles=True):
        console.print(Markdown(text))
