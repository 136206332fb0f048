"""`gavel why`: the recorded story of a conference."""

import sys
from itertools import islice

import click

from app.store.journal import Journal
from cli.names.account import chosen_settings
from cli.names.completion import conference_names
from cli.names.known import NothingKnown, require_known
from cli.output.format_journal import Story
from cli.output.machine import json_option
from cli.output.terminal import as_json_line, safe
from cli.store import open_for_reading


@click.command()
@click.argument("conference", required=False, shell_complete=conference_names)
@click.option("--rules", is_flag=True, help="When rules were taken or broken, and what changed.")
@click.option("--last", type=click.IntRange(min=1), help="Only the last so many entries.")
@click.option("--ids", is_flag=True, help="Each event with its id, for `gavel explain`.")
@json_option
def why(conference: str | None, rules: bool, last: int | None, ids: bool, as_json: bool) -> None:
    """Tell what happened in CONFERENCE, what each rule made of it, and what was sent.

    Rules that did not run are told with the reason. Exit code 1 when nothing is known.
    """
    if rules == (conference is not None):
        raise click.UsageError("say of which CONFERENCE, or --rules")
    story = Story.to(sys.stdout, everything=True, ids=ids)
    with open_for_reading(chosen_settings()) as redis:
        require_known(redis, conference)
        journal = Journal(redis)
        entries = list(journal.of_rules() if conference is None else journal.of(conference))
    if not entries:
        what = "rules that were taken" if conference is None else f"{safe(conference)!r} any more"
        raise NothingKnown(f"nothing is known of {what}")
    for entry in islice(entries, max(0, len(entries) - (last or len(entries))), None):
        for line in [as_json_line(entry)] if as_json else story.lines(entry):
            click.echo(line)
