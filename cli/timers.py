"""`gavel timers`: what is due."""

import time

import click

from app.settings import Settings
from app.timers import Timers
from cli.state import open_redis
from cli.table import duration, show


@click.command()
@click.argument("conference", required=False)
def timers(conference: str | None) -> None:
    """List what is due, soonest first; with CONFERENCE only there."""
    with open_redis(Settings.load()) as redis:
        found = [
            due for due in Timers(redis).all() if conference is None or due.conference == conference
        ]
    now = time.time()
    show(
        ("due", "in", "conference", "timer"),
        [
            (
                time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(due.at)),
                duration(due.at - now),
                due.conference,
                due.timer,
            )
            for due in found
        ],
        "Nothing is due.",
    )
