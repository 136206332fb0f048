"""`gavel conferences`: what is live, and what has ended."""

from collections.abc import Sequence

import click
from redis import Redis

from app.api.told import listed
from app.domain.durations import format_duration
from app.domain.moments import written
from app.operators.reading import Listed
from app.operators.reading import conferences as read
from app.store.server.clock import redis_time
from cli.names.account import chosen_settings
from cli.output.machine import json_option, tell
from cli.output.table import show
from cli.store import open_for_reading

AT_ONCE = 500


@click.command()
@click.option("--all", "ended", is_flag=True, help="Also those that have ended.")
@click.option("--last", default=100, show_default=True, type=click.IntRange(min=1), help="So many.")
@json_option
def conferences(ended: bool, last: int, as_json: bool) -> None:
    """List the conferences that are live, the newest last."""
    with open_for_reading(chosen_settings()) as redis:
        found, now = _newest(redis, last, live=None if ended else True), redis_time(redis)
    if as_json:
        tell(map(listed, found))
        return
    show(
        ("conference", "since", "lasts", "members", "limit", "recording"),
        [_row(one, now) for one in found],
        "Nothing is known of any conference." if ended else "No conference is live.",
    )


def _newest(redis: Redis, last: int, *, live: bool | None) -> list[Listed]:
    """So many, the newest last."""
    found: list[Listed] = []
    cursor = ""
    while True:
        part, cursor = read(redis, live=live, cursor=cursor, limit=min(last - len(found), AT_ONCE))
        found += part
        if not cursor or len(found) >= last:
            return found[::-1]


def _row(one: Listed, now: float) -> Sequence[str]:
    state = one.state
    if state is None or not state.live:
        past = state.past[-1] if state and state.past else None
        if past is None:
            return (one.name, "", f"ended, last heard of {written(one.at)}", "", "", "")
        lasted = format_duration(round(past.ended_at - past.started_at))
        return (one.name, written(past.started_at), f"{lasted}, ended", "", "", "")
    return (
        one.name,
        written(state.started_at),
        format_duration(round(now - state.started_at)),
        str(len(state.members)),
        "none" if state.limit is None else format_duration(round(state.limit)),
        "yes" if state.recording else "no",
    )
