"""`gavel conferences`: what is live."""

import time

import click

from app.domain.durations import format_duration
from app.settings import Settings
from app.store.live import live_conferences
from cli.output.table import show
from cli.store import open_redis


@click.command()
def conferences() -> None:
    """List the conferences that are live, the newest last."""
    with open_redis(Settings.load()) as redis:
        found = list(live_conferences(redis))
    now = time.time()
    show(
        ("conference", "since", "lasts", "members", "limit", "recording"),
        [
            (
                one.name,
                time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(one.started_at)),
                format_duration(round(now - one.started_at)),
                str(len(one.members)),
                "" if one.limit is None else format_duration(round(one.limit)),
                "yes" if one.recording else "",
            )
            for one in found
        ],
        "No conference is live.",
    )
