"""`gavel drop`: take off the lists what nobody needs any more."""

from collections.abc import Sequence
from typing import Any

import click

from app.api.told import given_up, set_aside
from app.domain.durations import format_duration
from app.operators.acts import reason_of
from app.operators.attention import GivenUp, SetAside, for_people
from app.operators.attention import drop as take_off
from app.store.server.clock import redis_time
from cli.names.account import chosen_settings
from cli.names.completion import attention_ids
from cli.names.known import require_all
from cli.operator import this_person
from cli.output.machine import json_option, tell
from cli.output.table import show
from cli.output.terminal import safe
from cli.store import open_redis


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...", shell_complete=attention_ids)
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.option("--reason", default="", help="Why; kept in the audit.")
@json_option
def drop(ids: tuple[str, ...], everything: bool, reason: str, as_json: bool) -> None:
    """Drop each ID: a call that was given up, or what was set aside; without arguments, list them.

    What is dropped is not made again and not kept. Exit code 1 when one is not there.
    """
    with open_redis(chosen_settings()) as redis:
        found, now = for_people(redis), redis_time(redis)
        if not ids and not everything:
            if as_json:
                tell(_told(one, dropped=False) for one in found)
            else:
                _list(found, now)
            return
        if not reason.strip():
            raise click.UsageError("say why: --reason TEXT")
        chosen = [one for one in found if everything or one.id in ids]
        dropped = {
            one.id for one in chosen if take_off(redis, one, this_person(), reason_of(reason))
        }
    gone = [one for one in chosen if one.id in dropped]
    if as_json:
        tell(_told(one, dropped=True) for one in gone)
    else:
        for one in gone:
            click.echo(f"dropped: {safe(one.id)}")
    if everything and not chosen and not as_json:
        _list((), now)
    require_all(ids, dropped, "nothing of that id is there; `gavel drop` lists what is")


def _told(one: GivenUp | SetAside, *, dropped: bool) -> dict[str, Any]:
    """Both kinds in one shape."""
    told = given_up(one) if isinstance(one, GivenUp) else set_aside(one)
    what = one.call["verb"] if isinstance(one, GivenUp) else (one.kind or one.what)
    shared = {key: told[key] for key in ("id", "conference", "event", "at", "error")}
    return shared | {"given_up": isinstance(one, GivenUp), "what": what, "dropped": dropped}


def _list(found: Sequence[GivenUp | SetAside], now: float) -> None:
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
