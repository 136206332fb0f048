"""`gavel recordings-worker`: one process that copies recordings."""

import click

from app.settings import Settings
from cli import programs
from cli.become import become


@click.command()
def recordings_worker() -> None:
    """Run one process that copies recordings, one at a time, as `archive` wants it.

    It is RQ's own worker on the queue `recordings` (see `rq info`). Needs REDIS_URL, and
    PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN or ACCOUNTS_FILE (`gavel up` makes up for them).
    """
    settings = Settings.load().require("redis_url", "plivo_auth_id", "plivo_auth_token")
    become(programs.RECORDINGS_WORKER, settings)
