"""`gavel replay`: hold new rules against recorded events."""

import sys
from itertools import chain
from pathlib import Path

import click

from app.domain.event import Event
from app.settings import Settings
from app.store.journal import Journal
from cli.names.account import chosen_settings
from cli.names.completion import conference_names
from cli.names.known import require_known
from cli.output.machine import json_option, tell
from cli.output.progress import shown_progress
from cli.output.rules_json import difference
from cli.output.terminal import safe_lines
from cli.rules_file import usable_rules
from cli.store import open_for_reading
from workers.rules.explanation.asked import NoEvent
from workers.rules.explanation.replay import UnreadableRecord, events_of, needs_others, read_lines
from workers.rules.explanation.replay import replay as replay_events
from workers.rules.explanation.replay_text import render_diff


@click.command()
@click.argument("events", required=False, metavar="[EVENTS.jsonl]")
@click.option("--rules", required=True, help="The new rules.")
@click.option("--against", help="The old rules. Default: RULES_FILE.")
@click.option("--conference", help="Only this conference.", shell_complete=conference_names)
@json_option
def replay(
    events: str | None, rules: str, against: str | None, conference: str | None, as_json: bool
) -> None:
    """Show how decisions on recorded events would differ under new rules; sends nothing.

    The events come from the journals, or from EVENTS.jsonl (one event or journal entry a line, as
    `gavel why --json` writes them; `-` is the standard input).
    """
    settings = chosen_settings()
    before, after = usable_rules(against or settings.rules_file), usable_rules(rules)
    asks = needs_others(before) or needs_others(after)
    try:
        found = _of_file(events) if events else _of_journals(settings, conference, asks)
    except UnreadableRecord as error:
        raise NoEvent(f"{events or 'the journal'}: {error}") from None
    diff = replay_events(found, before, after, shown_progress, conference)
    if as_json:
        tell([difference(diff)])
    else:
        click.echo(safe_lines(render_diff(diff, zone=after.timezone)), nl=False)


def _of_file(path: str) -> list[Event]:
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        text = data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NoEvent(f"{path} can not be read: {error}") from None
    return list(read_lines(text))


def _of_journals(settings: Settings, conference: str | None, asks: bool) -> list[Event]:
    """The events of one conference, or of all: also where rules ask (`asks`) for others."""
    with open_for_reading(settings) as redis:
        require_known(redis, conference)
        journal = Journal(redis)
        alone = conference and not asks
        known = [str(conference)] if alone else [name for name, _ in journal.conferences()]
        entries = chain.from_iterable(journal.of(name) for name in known)
        left_out: list[str] = []
        found = list(events_of((one for one in entries if one["kind"] == "event"), left_out))
    for reason in left_out:
        click.echo(f"left out of the journal: {reason}", err=True)
    return found
