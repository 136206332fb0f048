"""`gavel worker`: one worker."""

import click

from app.settings import Settings
from cli import programs
from cli.become import become


@click.command()
def worker() -> None:
    """Run one worker: it decides by the rules and acts.

    Needs REDIS_URL, and PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN or ACCOUNTS_FILE (`gavel up` makes up
    for them).
    """
    settings = Settings.load().require("redis_url", "plivo_auth_id", "plivo_auth_token")
    become(programs.WORKER, settings)
