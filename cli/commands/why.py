"""`gavel why`: the recorded story of a conference."""

import sys
from itertools import islice

import click

from app.domain.suggest import did_you_mean
from app.settings import Settings
from app.store.journal import Journal
from cli.output.format_journal import Story
from cli.output.terminal import as_json_line, painter, safe
from cli.store import open_redis


@click.command()
@click.argument("conference", required=False)
@click.option("--rules", is_flag=True, help="When rules were taken or broken, and what changed.")
@click.option("--last", type=click.IntRange(min=1), help="Only the last so many entries.")
@click.option(
    "--json", "as_json", is_flag=True, help="The entries as they are stored, a line each."
)
def why(conference: str | None, rules: bool, last: int | None, as_json: bool) -> None:
    """Tell what happened in CONFERENCE, what each rule made of it, and what was sent.

    Rules that did not run are told with the reason. Exit code 1 when nothing is known.
    """
    if rules == (conference is not None):
        raise click.UsageError("say of which CONFERENCE, or --rules")
    story = Story(painter(sys.stdout), everything=True, dates=True)
    with open_redis(Settings.load()) as redis:
        journal = Journal(redis)
        entries = list(journal.of_rules() if conference is None else journal.of(conference))
        known = [] if entries else [name for name, _ in journal.conferences()]
    if not entries:
        what = "of rules that were taken" if conference is None else f"of {safe(conference)!r}"
        near = "" if conference is None else did_you_mean(safe(conference), map(safe, known))
        click.echo(f"nothing is known {what}{near}", err=True)
        sys.exit(1)
    for entry in islice(entries, max(0, len(entries) - (last or len(entries))), None):
        for line in [as_json_line(entry)] if as_json else story.lines(entry):
            click.echo(line)
