"""`gavel unsilence`: end a silence before its time."""

import sys

import click

from app.operators.silences import Silences
from app.settings import Settings
from cli.operator import this_person
from cli.output.terminal import safe
from cli.store import open_redis


@click.command()
@click.argument("silence", nargs=-1, required=True, metavar="SILENCE...")
@click.option("--reason", default="", help="Why; kept in the audit.")
def unsilence(silence: tuple[str, ...], reason: str) -> None:
    """End each SILENCE now, by the id that `gavel silence` lists.

    Exit code 1 if one is not there.
    """
    missing = False
    with open_redis(Settings.load()) as redis:
        for id in silence:
            ended = Silences(redis).end(this_person(), id, reason)
            missing = missing or not ended
            click.echo(f"{safe(id)}: {'ended' if ended else 'there is none'}", err=not ended)
    sys.exit(1 if missing else 0)
