"""`gavel forget`: take a caller out of what is kept."""

from typing import Any

import click

from app.operators.acts import reason_of
from app.operators.forgetting import Forgetting, Forgotten
from cli.names.account import chosen_settings
from cli.operator import this_person
from cli.output.machine import json_option, tell
from cli.output.terminal import safe
from cli.store import open_redis


@click.command()
@click.argument("number")
@click.option("--reason", default="", help="Why; kept in the audit. The number is not.")
@click.option("--dry-run", is_flag=True, help="Only say what would be taken out.")
@json_option
@click.pass_context
def forget(context: click.Context, number: str, reason: str, dry_run: bool, as_json: bool) -> None:
    """Take the caller with this telephone NUMBER out of what is kept: stories, members of
    recordings, transcripts, calls that wait.

    It can not be undone. Audio, copies and what else was said stay; it is told where the caller
    may be in them. Exit code 1 when a conference goes on that still knows the number.
    """
    if not dry_run and not reason.strip():
        raise click.UsageError("say why: --reason TEXT")
    with open_redis(chosen_settings()) as redis:
        found = Forgetting(redis, number, dry=dry_run).run(this_person(), reason_of(reason))
    if as_json:
        tell([_told(found, dry_run)])
    else:
        for line in _lines(found, dry_run):
            click.echo(line)
    if found.live:
        context.exit(1)


def _told(found: Forgotten, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "lines": found.lines,
        "conferences": found.conferences,
        "states": found.states,
        "waiting": found.waiting,
        "callbacks": found.callbacks,
        "recordings": [
            {"id": one.id, "conference": one.conference, "archived_to": one.archived_to}
            for one in found.recordings
        ],
        "live": found.live,
        "rules": found.rules,
        "audit": found.audit,
    }


def _lines(found: Forgotten, dry_run: bool) -> list[str]:
    if found.nothing:
        lines = ["Nothing is known of this number."]
    else:
        lines = [
            f"{'would be taken out of' if dry_run else 'taken out of'}: "
            f"{_count(found.lines, 'line')} in the stories of "
            f"{_count(found.conferences, 'conference')}, {_count(found.states, 'kept state')}, "
            f"the members of {_count(len(found.recordings), 'recording')}, "
            f"{_count(found.waiting, 'call or event', 'calls or events')} that waited for a "
            f"person, {_count(found.callbacks, 'callback')} that would be known again"
        ]
    for one in found.recordings:
        copy = f", copied to {safe(one.archived_to)}" if one.archived_to else ""
        lines.append(f"may be heard in recording {safe(one.id)} of {safe(one.conference)!r}{copy}")
    for name in found.live:
        lines.append(
            f"left: {safe(name)!r} goes on and knows the number; ask again when it is over"
        )
    if found.rules:
        lines.append("left: the rules name this number; take it out of the rules file")
    if found.audit:
        entries = _count(found.audit, "entry names", "entries name")
        lines.append(f"left: {entries} it in the audit, which is kept for KEEP_AUDIT")
    return lines


def _count(number: int, one: str, more: str = "") -> str:
    return f"{number} {one if number == 1 else more or one + 's'}"
