"""`gavel docs`: the documentation, where Gavel is installed without its repository."""

import sys

import click

from cli.output.terminal import coloured
from cli.shipped_files import page, page_names


@click.command()
@click.argument("name", required=False, metavar="[PAGE]")
def docs(name: str | None) -> None:
    """Show a PAGE of the documentation; without one, list them."""
    if name is None:
        for one in page_names():
            click.echo(f"{one.ljust(16)} {_title(page(one))}")
    elif coloured(sys.stdout):
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
