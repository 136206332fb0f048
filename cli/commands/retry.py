"""`gavel retry`: make calls again that were given up."""

import time
from collections import deque
from collections.abc import Iterator, Sequence

import click
from redis import Redis

from app.api.told import batch as told_batch
from app.api.told import given_up as told
from app.domain.durations import format_duration
from app.errors import NotFound
from app.operators.acts import reason_of
from app.operators.attention import GivenUp, given_up
from app.operators.batches import Batch, ask_all, batch_of
from app.store.server.clock import redis_time
from cli.names.account import chosen_settings
from cli.names.completion import conference_names, given_up_ids
from cli.names.known import require_all, require_known
from cli.operator import this_person
from cli.output.machine import json_option, tell
from cli.output.progress import shown_progress_up_to
from cli.output.table import show
from cli.output.terminal import safe
from cli.store import open_redis

LOOK_SECONDS = 0.25
UNKNOWN = "given up is no such call; `gavel retry` lists them"


@click.command()
@click.argument("calls", nargs=-1, metavar="[CALL]...", shell_complete=given_up_ids)
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.option("--conference", help="All of this conference.", shell_complete=conference_names)
@click.option("--reason", default="", help="Why; kept in the audit.")
@click.option("--wait", is_flag=True, help="Until each has ended, and say how.")
@click.option("--batch", "batch", metavar="ID", help="How far those are that were asked together.")
@json_option
def retry(
    calls: tuple[str, ...],
    everything: bool,
    conference: str | None,
    reason: str,
    wait: bool,
    batch: str | None,
    as_json: bool,
) -> None:
    """Make each CALL again that was given up; without arguments, list them.

    A call gets as much time as it had at first (`expires_in`). Calls of a conference that has ended
    are not made. Two or more are a batch, as in the console: `--batch` tells for a week how far it
    is. Exit code 1 when a CALL is not among them; those that are, are made. With --wait also when
    one was given up again, or nobody knows.
    """
    wanted = bool(calls or everything or conference is not None)
    if batch is not None and wanted:
        raise click.UsageError("say either which calls, or --batch")
    with open_redis(chosen_settings()) as redis:
        if batch is not None:
            _look(redis, batch, wait=wait, as_json=as_json)
            return
        require_known(redis, conference)
        found = given_up(redis)
        if wanted:
            chosen = [
                one
                for one in found
                if everything or one.id in calls or one.call["conference"] == conference
            ]
            made = _ask(redis, chosen, reason, wait=wait)
            _say(redis_time(redis), chosen, made, conference, quiet=bool(calls), as_json=as_json)
        elif as_json:
            tell(
                {**told(one), "asked_again": False, "batch": "", "state": "given_up"}
                for one in found
            )
        else:
            _list(found, None, redis_time(redis))
    require_all(calls, (one.id for one in found), UNKNOWN)
    if wanted and made is not None and _went_wrong(made):
        raise SystemExit(1)


def _ask(redis: Redis, chosen: Sequence[GivenUp], reason: str, *, wait: bool) -> Batch | None:
    """Ask for them together: a batch where they are several, or are waited for."""
    least = 1 if wait else 2
    why = reason_of(reason)
    id, _ = ask_all(redis, chosen, redis_time(redis), this_person(), why, least=least)
    return _looked_at(redis, id, wait=wait) if id else None


def _look(redis: Redis, id: str, *, wait: bool, as_json: bool) -> None:
    found = _looked_at(redis, id, wait=wait)
    if as_json:
        tell([told_batch(found)])
    else:
        click.echo(_in_words(found, redis_time(redis)))
    if wait and _went_wrong(found):
        raise SystemExit(1)


def _looked_at(redis: Redis, id: str, *, wait: bool) -> Batch:
    """As far as it is; with `wait`, at its end. Raises NotFound."""
    first = _batch(redis, id)
    if not wait:
        return first
    looks = _until_its_end(redis, first)
    return deque(shown_progress_up_to(looks, len(first.items), _ended), maxlen=1).pop()


def _until_its_end(redis: Redis, batch: Batch) -> Iterator[Batch]:
    yield batch
    while batch.left:
        time.sleep(LOOK_SECONDS)
        batch = _batch(redis, batch.id)
        yield batch


def _batch(redis: Redis, id: str) -> Batch:
    found = batch_of(redis, id, redis_time(redis))
    if found is None:
        raise NotFound(f"nothing is known of a batch {id!r}: they are kept for a week")
    return found


def _ended(batch: Batch) -> int:
    return len(batch.items) - batch.left


def _went_wrong(batch: Batch) -> bool:
    return bool(batch.counts.get("failed") or batch.counts.get("unknown"))


def _in_words(batch: Batch, now: float) -> str:
    count = len(batch.items)
    ago = format_duration(round(max(now - batch.at, 0.0)))
    why = f" ({batch.reason})" if batch.reason else ""
    what = f"{count} x {batch.what or 'call'}"
    return safe(f"{batch.id}: {what}, asked again by {batch.who} {ago} ago{why}: {batch.told}")


def _say(
    now: float,
    chosen: Sequence[GivenUp],
    batch: Batch | None,
    conference: str | None,
    *,
    quiet: bool,
    as_json: bool,
) -> None:
    if as_json:
        states = {one.call: one.state for one in batch.items} if batch else {}
        more = {"asked_again": True, "batch": batch.id if batch else ""}
        tell({**told(one), **more, "state": states.get(one.id, "asked")} for one in chosen)
        return
    for one in chosen:
        click.echo(f"asked again: {safe(one.id)}")
    if batch is not None:
        click.echo(_in_words(batch, now))
        if batch.left:
            click.echo(f"`gavel retry --batch {batch.id}` tells how far they are")
    if not chosen and not quiet:
        _list((), conference, now)


def _list(found: Sequence[GivenUp], conference: str | None, now: float) -> None:
    where = "" if conference is None else f" in {safe(conference)!r}"
    show(
        ("call", "conference", "verb", "members", "rule", "ago", "why"),
        [
            (
                one.id,
                one.call["conference"],
                one.call["verb"],
                ",".join(one.call["members"]),
                one.call["rule"],
                format_duration(round(now - one.at)),
                one.error,
            )
            for one in found
        ],
        f"No call was given up{where}.",
    )
