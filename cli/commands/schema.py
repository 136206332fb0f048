"""`gavel schema`: what an editor needs to complete and check a rules file, or one of accounts."""

import json

import click

from app.accounts.schema import accounts_schema
from workers.rules.reference.generate import schema as text_of_schema


@click.command()
@click.option("--accounts", is_flag=True, help="Of ACCOUNTS_FILE, not of a rules file.")
def schema(accounts: bool) -> None:
    """Print the JSON Schema of a rules file, for editors.

    `gavel init` writes it beside the rules; the first line of these names it.
    """
    if accounts:
        click.echo(json.dumps(accounts_schema(), indent=1))
    else:
        click.echo(text_of_schema(), nl=False)
