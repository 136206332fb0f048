"""`gavel schema`: what an editor needs to complete and check a rules file."""

import click

from workers.rules.reference.generate import schema as text_of_schema


@click.command()
def schema() -> None:
    """Print the JSON Schema of a rules file, for editors.

    `gavel init` writes it beside the rules; the first line of these names it.
    """
    click.echo(text_of_schema(), nl=False)
