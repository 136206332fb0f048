"""`gavel web`: the web process."""

import os
import sys

import click

from app.settings import Settings

ARGUMENTS = ("-m", "gunicorn", "-c", "python:app.server.gunicorn_conf", "app.server.wsgi:make()")


@click.command()
def web() -> None:
    """Run the web process: it receives Plivo's callbacks.

    Needs REDIS_URL, PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN (`gavel up` makes up for them).
    """
    Settings.load().require("redis_url", "plivo_auth_id", "plivo_auth_token")
    os.execv(sys.executable, [sys.executable, *ARGUMENTS])
