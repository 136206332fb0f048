"""`gavel retry`: make calls again that were given up."""

import time
from collections.abc import Sequence

import click

from app.api.told import given_up as told
from app.domain.durations import format_duration
from app.operators.acts import reason_of
from app.operators.attention import GivenUp, ask_again, given_up
from app.settings import Settings
from cli.names.completion import conference_names, given_up_ids
from cli.names.known import require_all, require_known
from cli.operator import this_person
from cli.output.machine import json_option, tell
from cli.output.table import show
from cli.output.terminal import safe
from cli.store import open_redis


@click.command()
@click.argument("calls", nargs=-1, metavar="[CALL]...", shell_complete=given_up_ids)
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.option("--conference", help="All of this conference.", shell_complete=conference_names)
@click.option("--reason", default="", help="Why; kept in the audit.")
@json_option
def retry(
    calls: tuple[str, ...], everything: bool, conference: str | None, reason: str, as_json: bool
) -> None:
    """Make each CALL again that was given up; without arguments, list them.

    A call gets as much time as it had at first (`expires_in`). Calls of a conference that has ended
    are not made. Exit code 1 when a CALL is not among them; those that are, are made.
    """
    with open_redis(Settings.load()) as redis:
        require_known(redis, conference)
        found = given_up(redis)
        chosen = [
            one
            for one in found
            if everything or one.id in calls or one.call["conference"] == conference
        ]
        for one in chosen:
            ask_again(redis, one, time.time(), this_person(), reason_of(reason))
            if not as_json:
                click.echo(f"asked again: {safe(one.id)}")
    asked = bool(calls or everything or conference is not None)
    if as_json:
        tell({**told(one), "asked_again": asked} for one in (chosen if asked else found))
    elif not chosen and not calls:
        _list((), conference) if asked else _list(found, None)
    require_all(
        calls, (one.id for one in chosen), "given up is no such call; `gavel retry` lists them"
    )


def _list(found: Sequence[GivenUp], conference: str | None) -> None:
    now = time.time()
    where = "" if conference is None else f" in {safe(conference)!r}"
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
        f"No call was given up{where}.",
    )
