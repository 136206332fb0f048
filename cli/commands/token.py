"""`gavel token`: tokens of the admin API."""

from typing import Any

import click

from app.domain.durations import format_duration
from app.domain.moments import written
from app.operators.tokens import SCOPES, Token, Tokens
from app.store.server.clock import redis_time
from cli.names.account import chosen_settings
from cli.names.completion import token_names
from cli.names.known import require_all
from cli.operator import as_seconds, this_person
from cli.output.machine import json_option, tell
from cli.output.table import show
from cli.output.terminal import safe
from cli.store import open_redis


@click.group()
def token() -> None:
    """Make, list and revoke tokens of the admin API (/api/v1)."""


@token.command()
@click.option("--name", required=True, help="Whose it is; the journal and the audit tell it.")
@click.option("--scope", required=True, type=click.Choice(SCOPES), help="What it may do.")
@click.option("--expires", default="90d", callback=as_seconds, help="After that long; 90d.")
@json_option
def new(name: str, scope: str, expires: float, as_json: bool) -> None:
    """Make a token and print it.

    It is shown this once, and kept nowhere. `read` looks, `act` acts by hand, silences, makes calls
    again and may ask for telephone numbers, `admin` reads the audit and may hang up every
    conference.
    """
    with open_redis(chosen_settings()) as redis:
        made, secret = Tokens(redis).new(this_person(), name, scope, expires)
    if as_json:
        tell([_told(made) | {"secret": secret}])
        return
    lasts = format_duration(round(made.expires_at - made.made_at))
    click.echo(f"{safe(made.name)}, {made.scope}, for {lasts}; shown this once:", err=True)
    click.echo(secret)


@token.command(name="list")
@json_option
def listed(as_json: bool) -> None:
    """List all tokens, without their secrets."""
    with open_redis(chosen_settings()) as redis:
        found, now = Tokens(redis).all(), redis_time(redis)
    if as_json:
        tell(_told(one) for one in found)
        return
    show(
        ("name", "scope", "made by", "made", "ends in", "last used"),
        [
            (
                one.name,
                one.scope,
                one.made_by,
                written(one.made_at),
                "expired"
                if one.expires_at <= now
                else format_duration(round(one.expires_at - now)),
                written(one.used_at) if one.used_at else "never",
            )
            for one in found
        ],
        "There is no token.",
    )


@token.command()
@click.argument("name", shell_complete=token_names)
@json_option
def revoke(name: str, as_json: bool) -> None:
    """End the token NAME now. Exit code 1 when there is none."""
    with open_redis(chosen_settings()) as redis:
        ended = Tokens(redis).revoke(this_person(), name)
    require_all(
        [name], [name] if ended else [], "there is no such token; `gavel token list` lists them"
    )
    if as_json:
        tell([{"name": name, "revoked": True}])
    else:
        click.echo(f"{safe(name)}: revoked")


def _told(one: Token) -> dict[str, Any]:
    return {
        "name": one.name,
        "scope": one.scope,
        "made_by": one.made_by,
        "made_at": one.made_at,
        "expires_at": one.expires_at,
        "used_at": one.used_at or None,
    }
