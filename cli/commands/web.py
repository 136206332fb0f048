"""`gavel web`: the web process."""

import click

from app.settings import Settings
from cli import programs
from cli.become import become
from cli.listening import require_free_for_web


@click.command()
def web() -> None:
    """Run the web process: it receives Plivo's callbacks.

    Needs REDIS_URL, and PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN or ACCOUNTS_FILE (`gavel up` makes up
    for them).
    """
    settings = Settings.load().require("redis_url", "plivo_auth_id", "plivo_auth_token")
    if settings.accounts_file:
        from app.accounts.file import read_accounts  # it loads the client of Redis

        read_accounts(settings.accounts_file, settings)
    require_free_for_web(settings)
    become(programs.WEB, settings)
