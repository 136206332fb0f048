"""`gavel recordings`: what was recorded, and where it is."""

import math
from collections.abc import Iterator, Sequence

import click
from redis import Redis

from app.domain.durations import format_duration
from app.domain.moments import written
from app.domain.recording import Recording
from app.store.recordings import EVERY, STATES, Recordings, Wanted
from cli.copies.archive import archive
from cli.names.account import chosen_settings
from cli.names.completion import conference_names
from cli.names.known import require_known
from cli.names.suggestions import SuggestingGroup
from cli.output.machine import json_option, tell
from cli.output.table import show
from cli.since import Since
from cli.store import open_for_reading

AT_ONCE = 500
MISSING = Wanted(state="missing")


@click.group(cls=SuggestingGroup, invoke_without_command=True)
@click.option("--q", metavar="TEXT", help="Part of the conference, a number there, or the id.")
@click.option("--conference", shell_complete=conference_names, help="Only of this conference.")
@click.option("--state", type=click.Choice(list(STATES)), default="all", help="Only such as these.")
@click.option("--missing", is_flag=True, help="The same as --state missing.")
@click.option(
    "--from", "--since", "since", type=Since(), help="Only begun since: 2d ago, or a date."
)
@click.option("--to", "until", type=Since(), help="Only begun before: 2d ago, or a date.")
@click.option("--last", default=100, show_default=True, type=click.IntRange(min=1), help="So many.")
@json_option
@click.pass_context
def recordings(
    context: click.Context,
    q: str | None,
    conference: str | None,
    state: str,
    missing: bool,
    since: float | None,
    until: float | None,
    last: int,
    as_json: bool,
) -> None:
    """List what was recorded and where it is, the newest last.

    A number is found by four of its digits or more. With --json also who was there, who asked for
    it, and the transcript.
    """
    if context.invoked_subcommand is not None:
        return
    wanted = Wanted(
        conference or "",
        -math.inf if since is None else since,
        math.inf if until is None else until,
        "missing" if missing else state,
        q or "",
        numbers=bool(q),
    )
    with open_for_reading(chosen_settings()) as redis:
        require_known(redis, conference)
        found = _newest(redis, last, wanted)
        if as_json:
            tell(one.to_json_dict() for one in _whole(redis, found))
            return
    show(
        ("started", "conference", "lasts", "state", "transcript", "where", "id"),
        [_row(one) for one in found],
        _none(wanted),
    )


def _none(wanted: Wanted) -> str:
    if wanted == EVERY:
        return "Nothing was recorded."
    return "No recording is missing." if wanted == MISSING else "No recording is like that."


def _newest(redis: Redis, last: int, wanted: Wanted) -> Sequence[Recording]:
    """So many, the newest last."""
    found: list[Recording] = []
    records, cursor = Recordings(redis), ""
    while True:
        part, cursor = records.find(wanted, cursor=cursor, most=min(last - len(found), AT_ONCE))
        found += part
        if not cursor or len(found) >= last:
            return found[::-1]


def _whole(redis: Redis, found: Sequence[Recording]) -> Iterator[Recording]:
    """With what lists leave out; one that is gone meanwhile, as it was listed."""
    records = Recordings(redis)
    return (records.get(one.id) or one for one in found)


def _row(one: Recording) -> Sequence[str]:
    lasts = "" if one.duration is None else format_duration(round(one.duration))
    transcript = one.transcript_state
    if one.transcript_error:
        transcript = f"failed: {one.transcript_error}"
    where = one.archived_to or one.url
    if one.archive_error:
        where = f"{where} (copy failed: {one.archive_error})"
    return (
        *(written(one.at), one.conference, lasts, one.state, transcript),
        *(where, one.recording_id),
    )


recordings.add_command(archive)
