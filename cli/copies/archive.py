"""`gavel recordings archive`: copies what has no copy yet."""

import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import click
from redis import Redis

from app.domain.recording import Recording
from app.operators.acts import reason_of
from app.operators.copies.asking import ask_for_copy, seen, under_way
from app.store import keys
from app.store.recordings import MOST, Recordings, Wanted
from app.store.server.clock import redis_time
from app.yaml.problems import FileError
from cli.copies.by_rules import Copy, by_rules
from cli.names.account import chosen_settings
from cli.names.completion import conference_names
from cli.names.known import require_all, require_known
from cli.operator import this_person
from cli.output.machine import json_option, tell
from cli.output.progress import shown_progress_of
from cli.output.terminal import safe
from cli.since import Since
from cli.store import open_redis
from workers.rules.load import load
from workers.rules.vocabulary.model import NO_ANSWER, Template, Unknown, no_answer

LOOK_SECONDS = 0.25


class To(click.ParamType[Template]):
    """An address as `archive: {to}` of a rule has it."""

    name = "address"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Template:
        step = {"archive": {"to": str(value)}}
        rule = {"name": "by hand", "when": "recording.ready", "do": [step]}
        try:
            (read,) = load(json.dumps({"version": 1, "rules": [rule]}), "").rules
        except FileError as error:
            self.fail("; ".join(problem.message for problem in error.problems), param, ctx)
        made: Template = read.steps[0].params["to"]
        return made


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="All that have no copy yet.")
@click.option("--to", type=To(), help="Where, as in `archive: {to}` of a rule; else as rules say.")
@click.option("--conference", shell_complete=conference_names, help="Only of this conference.")
@click.option("--since", type=Since(), help="Only those that began since: 2d ago, or a date.")
@click.option("--reason", default="", help="Why; kept in the audit.")
@click.option("--no-wait", is_flag=True, help="Have them copied, and do not wait for it.")
@json_option
def archive(
    ids: tuple[str, ...],
    everything: bool,
    to: Template | None,
    conference: str | None,
    since: float | None,
    reason: str,
    no_wait: bool,
    as_json: bool,
) -> None:
    """Copy recordings that have no copy yet, or whose copy failed.

    They go where `--to` says, or where the rules at work copy those of their conference.
    `gavel recordings-worker` makes the copies; Ctrl-C here ends the waiting alone. Exit code 1 when
    one was not copied.
    """
    if bool(ids) == everything:
        raise click.UsageError("say which: IDs, or --all")
    with open_redis(chosen_settings()) as redis:
        require_known(redis, conference)
        chosen = _all(redis, conference, since) if everything else _these(redis, ids)
        why = reason_of(reason)
        if to is None:
            copies = list(by_rules(redis, chosen, why))
        else:
            copies = [_asked(redis, _addressed(one, to), why) for one in chosen]
        if not no_wait:
            _warn_where_nobody_copies(redis, copies)
            copies = list(_waited(redis, copies))
        if as_json:
            tell(one.told() for one in copies)
        else:
            _say(copies)
    require_all(ids, (one.recording_id for one in chosen), "no recording has this id")
    if any(one.state in ("failed", "skipped", "trying") for one in copies):
        raise SystemExit(1)


def _all(redis: Redis, conference: str | None, since: float | None) -> Sequence[Recording]:
    """Those that are ready and have no copy, the oldest first."""
    found: list[Recording] = []
    cursor = ""
    begun = -math.inf if since is None else since
    wanted = Wanted(conference or "", begun, state="not_archived")
    while True:
        part, cursor = Recordings(redis).find(wanted, cursor=cursor, most=MOST)
        found += part
        if not cursor:
            return found[::-1]


def _these(redis: Redis, ids: Sequence[str]) -> Sequence[Recording]:
    found = (Recordings(redis).get(id) for id in dict.fromkeys(ids))
    return [one for one in found if one is not None]


def _addressed(one: Recording, to: Template) -> Copy:
    try:
        return Copy(one, str(to.render(seen(one))))
    except Unknown as unknown:
        return Copy(one, "", "skipped", str(unknown))
    except NO_ANSWER as error:
        return Copy(one, "", "skipped", no_answer(error))


def _asked(redis: Redis, copy: Copy, reason: str) -> Copy:
    if copy.state == "waiting" and copy.recording.state != "ready":
        return replace(copy, state="skipped", error="its file is not there")
    if copy.to and copy.recording.archived_to == copy.to:
        return replace(copy, state="copied")
    if copy.state == "waiting":
        ask_for_copy(redis, copy.recording, copy.to, redis_time(redis), this_person(), reason)
    return copy


def _waited(redis: Redis, copies: Sequence[Copy]) -> Iterator[Copy]:
    """Each as soon as nothing more is to be waited for; those that failed and are tried again later
    last."""
    return iter(shown_progress_of(_settled(redis, copies), len(copies)))


def _settled(redis: Redis, copies: Sequence[Copy]) -> Iterator[Copy]:
    yield from (one for one in copies if one.state != "waiting")
    waiting = [one for one in copies if one.state == "waiting"]
    while waiting:
        busy = under_way(redis, [(one.recording, one.to) for one in waiting])
        found = [_looked_at(redis, one, still) for one, still in zip(waiting, busy, strict=True)]
        yield from (one for one in found if one.state not in ("waiting", "trying"))
        waiting = [one for one in found if one.state in ("waiting", "trying")]
        if all(one.state == "trying" for one in waiting):
            break
        time.sleep(LOOK_SECONDS)
    yield from waiting


def _looked_at(redis: Redis, copy: Copy, is_busy: bool) -> Copy:
    kept = Recordings(redis).get(copy.recording.id)
    if kept is None:
        return replace(copy, state="failed", error="its record is gone")
    if is_busy:
        state = "trying" if kept.archive_error else "waiting"
        return replace(copy, state=state, error=kept.archive_error)
    if kept.archived_to == copy.to:
        return replace(copy, state="copied", error="")
    return replace(copy, state="failed", error=kept.archive_error or "it was given up")


def _warn_where_nobody_copies(redis: Redis, copies: Sequence[Copy]) -> None:
    if copies and not redis.scard(keys.COPIERS):
        click.echo("no `gavel recordings-worker` runs: start one", err=True)


def _say(copies: Sequence[Copy]) -> None:
    for one in copies:
        if one.state in ("failed", "skipped", "trying"):
            click.echo(f"{safe(one.recording.recording_id)}: {one.state}: {safe(one.error)}")
    counted = {state: sum(one.state == state for one in copies) for state in _WORDS}
    said = ", ".join(f"{number} {_WORDS[state]}" for state, number in counted.items() if number)
    click.echo(said or "Every recording has its copy.")


_WORDS = {
    "copied": "copied",
    "waiting": "to be copied",
    "trying": "tried again later",
    "failed": "failed",
    "skipped": "skipped",
}
