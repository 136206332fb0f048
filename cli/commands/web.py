"""`gavel web`: the web process."""

import click

from app.settings import Settings
from cli import programs
from cli.become import become
from cli.listening import require_free_for_web


@click.command()
def web() -> None:
    """Run the web process: it receives Plivo's callbacks.

    Needs REDIS_URL, PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN (`gavel up` makes up for them).
    """
    settings = Settings.load().require("redis_url", "plivo_auth_id", "plivo_auth_token")
    require_free_for_web(settings)
    become(programs.WEB, settings)
