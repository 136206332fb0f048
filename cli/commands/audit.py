"""`gavel audit`: who changed what by hand."""

from dataclasses import asdict

import click

from app.domain.moments import written
from app.domain.redaction import mask_phones
from app.operators.audit import Audit, Entry, Sought
from cli.names.account import chosen_settings
from cli.output.machine import json_option, tell
from cli.output.table import show
from cli.store import open_for_reading


@click.command()
@click.option("--last", default=50, type=click.IntRange(1, 10_000), help="So many; 50.")
@click.option("--who", default="", help="Only of this person or token.")
@click.option("--verb", default="", help="Only these: act, retry, silence, ...")
@click.option("--conference", default="", help="Only in this conference.")
@click.option("--from", "since", default="", help="Only from then on: 2026-11-26T14:00, in UTC.")
@click.option("--to", "until", default="", help="Only before then.")
@json_option
def audit(
    last: int, who: str, verb: str, conference: str, since: str, until: str, as_json: bool
) -> None:
    """List what people changed by hand, newest first: who, how, from where, what and why.

    Entries are kept for KEEP_AUDIT, and nothing changes them.
    """
    found: list[Entry] = []
    sought = Sought.of(
        {"who": who, "verb": verb, "conference": conference, "from": since, "to": until}
    )
    with open_for_reading(chosen_settings()) as redis:
        reader, before = Audit(redis), ""
        while len(found) < last:
            page, before = reader.entries(sought, before=before, limit=min(last - len(found), 500))
            found += page
            if not before:
                break
    if as_json:
        tell(map(asdict, found))
        return
    show(
        ("when", "who", "how", "from", "verb", "conference", "what", "why", "event"),
        [_row(entry) for entry in found],
        "Nobody has changed anything by hand.",
    )


def _row(entry: Entry) -> tuple[str, ...]:
    return (
        *(written(entry.at), entry.who, entry.how, entry.address, entry.verb),
        *map(mask_phones, (entry.conference, entry.object, entry.reason)),
        entry.event,
    )
