"""`gavel drop`: take off the lists what nobody needs any more."""

import sys
import time
from collections.abc import Sequence

import click

from app.domain.durations import format_duration
from app.operators.acts import reason_of
from app.operators.attention import GivenUp, SetAside, for_people
from app.operators.attention import drop as take_off
from app.settings import Settings
from cli.operator import this_person
from cli.output.table import show
from cli.output.terminal import safe
from cli.store import open_redis


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.option("--reason", default="", help="Why; kept in the audit.")
def drop(ids: tuple[str, ...], everything: bool, reason: str) -> None:
    """Drop each ID: a call that was given up, or what was set aside; without arguments, list them.

    What is dropped is not made again and not kept. Exit code 1 when one is not there.
    """
    with open_redis(Settings.load()) as redis:
        found = for_people(redis)
        if not ids and not everything:
            _list(found)
            return
        if not reason.strip():
            raise click.UsageError("say why: --reason TEXT")
        chosen = [one for one in found if everything or one.id in ids]
        dropped = {
            one.id for one in chosen if take_off(redis, one, this_person(), reason_of(reason))
        }
    for id in sorted(dropped):
        click.echo(f"dropped: {safe(id)}")
    missing = set(ids) - dropped
    for id in sorted(missing):
        click.echo(f"{safe(id)} is not there", err=True)
    sys.exit(1 if missing else 0)


def _list(found: Sequence[GivenUp | SetAside]) -> None:
    now = time.time()
    show(
        ("id", "conference", "what", "ago", "why"),
        [
            (
                one.id,
                one.call["conference"] if isinstance(one, GivenUp) else one.conference,
                one.call["verb"] if isinstance(one, GivenUp) else (one.kind or one.what),
                format_duration(round(now - one.at)) if one.at else "",
                one.error,
            )
            for one in found
        ],
        "Nothing was given up or set aside.",
    )
