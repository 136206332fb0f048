"""`gavel worker`: one worker."""

import os
import sys

import click

from app.settings import Settings

ARGUMENTS = ("-m", "workers")


@click.command()
def worker() -> None:
    """Run one worker: it decides by the rules and acts.

    Needs REDIS_URL, PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN (`gavel up` makes up for them).
    """
    Settings.load().require("redis_url", "plivo_auth_id", "plivo_auth_token")
    os.execv(sys.executable, [sys.executable, *ARGUMENTS])
