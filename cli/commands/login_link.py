"""`gavel login-link`: a link that signs somebody in to the console, once."""

import click

from app.console.access.links import LINK_SECONDS, Invitation, make_link
from app.console.access.roles import ROLES
from app.domain.durations import format_duration
from app.operators.audit import Audit, Entry
from cli.names.account import chosen_settings
from cli.operator import this_person
from cli.output.machine import json_option, tell
from cli.store import open_redis

LONGEST_NAME = 60


@click.command("login-link")
@click.option("--role", type=click.Choice(ROLES), default="admin", show_default=True)
@click.option("--for", "name", help="Whose it is: the name that the audit shows.")
@json_option
def login_link(role: str, name: str | None, as_json: bool) -> None:
    """Print a link that signs in to the console, once, within 15 minutes.

    A viewer looks; an operator acts, too; an admin may also end everything. The link is below
    CONSOLE_URL, which is PUBLIC_URL unless it is set.
    """
    who = " ".join((name or role).split())
    if not who.isprintable() or len(who) > LONGEST_NAME:
        raise click.BadParameter(f"at most {LONGEST_NAME} printable characters", param_hint="--for")
    settings = chosen_settings()
    with open_redis(settings) as redis:
        link = make_link(redis, settings.console_url, Invitation(who, role))
        Audit(redis).note(Entry.by(this_person(), "link.new", f"{role}, for {who}"))
    if as_json:
        tell([{"link": link, "role": role, "name": who, "lasts": LINK_SECONDS}])
        return
    click.echo(link)
    click.echo(f"It works once, within {format_duration(LINK_SECONDS)}.", err=True)
