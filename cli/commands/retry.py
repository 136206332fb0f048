"""`gavel retry`: make calls again that were given up."""

import sys
import time

import click

from app.domain.durations import format_duration
from app.operators.acts import reason_of
from app.operators.attention import ask_again, given_up
from app.settings import Settings
from cli.operator import this_person
from cli.output.table import show
from cli.output.terminal import safe
from cli.store import open_redis


@click.command()
@click.argument("calls", nargs=-1, metavar="[CALL]...")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.option("--conference", help="All of this conference.")
@click.option("--reason", default="", help="Why; kept in the audit.")
def retry(calls: tuple[str, ...], everything: bool, conference: str | None, reason: str) -> None:
    """Make each CALL again that was given up; without arguments, list them.

    A call gets as much time as it had at first (`expires_in`). Calls of a conference that has ended
    are not made.
    """
    with open_redis(Settings.load()) as redis:
        found = given_up(redis)
        chosen = [
            one
            for one in found
            if everything or one.id in calls or one.call["conference"] == conference
        ]
        for one in chosen:
            ask_again(redis, one, time.time(), this_person(), reason_of(reason))
            click.echo(f"asked again: {safe(one.id)}")
    missing = set(calls) - {one.id for one in chosen}
    for call in sorted(missing):
        click.echo(f"{safe(call)} is not among the calls that were given up", err=True)
    if missing:
        sys.exit(1)
    if chosen or calls or everything or conference:
        return
    now = time.time()
    show(
        ("call", "conference", "verb", "members", "rule", "ago", "why"),
        [
            (
                one.id,
                one.call["conference"],
                one.call["verb"],
                ",".join(one.call["members"]),
                one.call["rule"],
                format_duration(round(now - one.at)),
                one.error,
            )
            for one in found
        ],
        "No call was given up.",
    )
