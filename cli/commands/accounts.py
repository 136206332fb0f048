"""`gavel accounts`: whom this Gavel serves, and how each is."""

from dataclasses import asdict

import click

from app.accounts.states import AccountState, account_states
from app.domain.moments import written
from app.settings import Settings
from cli.output.machine import json_option, tell
from cli.output.table import show
from cli.store import open_for_reading

OWN = "(the service's own)"
ALONE = "ACCOUNTS_FILE is not set: this Gavel serves its own account alone."


@click.command()
@json_option
def accounts(as_json: bool) -> None:
    """List the Plivo accounts of ACCOUNTS_FILE, and whether each is served."""
    settings = Settings.load()
    with open_for_reading(settings) as redis:
        found = list(account_states(redis, settings))
    if as_json:
        tell(map(asdict, found))
        return
    if settings.accounts_file is None:
        click.echo(ALONE, err=True)
    show(
        ("account", "state", "rules", "live", "waiting", "last heard of", "budget", "why"),
        [_row(one) for one in found],
        "ACCOUNTS_FILE has no account.",
    )


def _row(one: AccountState) -> tuple[str, ...]:
    return (
        one.name or OWN,
        one.state,
        str(one.rules),
        str(one.live),
        str(one.waiting),
        written(one.last_at) if one.last_at is not None else "never",
        one.budget,
        one.why,
    )
