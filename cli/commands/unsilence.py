"""`gavel unsilence`: end a silence before its time."""

import click

from app.operators.silences import Silences
from cli.names.account import chosen_settings
from cli.names.completion import silence_ids
from cli.names.known import require_all
from cli.operator import this_person
from cli.output.machine import json_option, tell
from cli.output.terminal import safe
from cli.store import open_redis


@click.command()
@click.argument(
    "silence", nargs=-1, required=True, metavar="SILENCE...", shell_complete=silence_ids
)
@click.option("--reason", default="", help="Why; kept in the audit.")
@json_option
def unsilence(silence: tuple[str, ...], reason: str, as_json: bool) -> None:
    """End each SILENCE now, by the id that `gavel silence` lists.

    Exit code 1 if one is not there.
    """
    with open_redis(chosen_settings()) as redis:
        ended = [id for id in silence if Silences(redis).end(this_person(), id, reason)]
    if as_json:
        tell({"id": id, "ended": True} for id in ended)
    else:
        for id in ended:
            click.echo(f"{safe(id)}: ended")
    require_all(silence, ended, "no silence has that id; `gavel silence` lists them")
