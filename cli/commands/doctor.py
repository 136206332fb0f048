"""`gavel doctor`: is everything as it must be? Each finding is ok, or says how to mend it."""

import sys
from collections.abc import Callable, Iterator

import click

from app.errors import SettingsError
from app.plivo import urls as addresses
from app.settings import Settings, misspelt
from cli.doctor.checks_aside import examine_aside
from cli.doctor.checks_outside import examine_plivo, examine_public_url, examine_signature
from cli.doctor.checks_redis import examine_clock, examine_redis
from cli.doctor.finding import Finding, bad, good
from cli.output.terminal import painter, safe
from cli.rules_file import NoRulesFile, how_many, load_rules
from cli.up.layout import make_plan
from workers.rules.vocabulary.problems import RulesError


def examine_rules(settings: Settings) -> Iterator[Finding]:
    try:
        rules = load_rules(settings.rules_file)
    except NoRulesFile as error:
        yield bad(str(error))
    except RulesError as error:
        count = len(error.problems)
        problems = "1 problem" if count == 1 else f"{count} problems"
        yield bad(f"{problems}: run `gavel check {settings.rules_file}`")
    else:
        yield good(f"{settings.rules_file} has {how_many(rules)}")


EXAMINE: tuple[tuple[str, Callable[[Settings], Iterator[Finding]]], ...] = (
    ("rules", examine_rules),
    ("redis", examine_redis),
    ("set aside", examine_aside),
    ("clock", examine_clock),
    ("public url", examine_public_url),
    ("signature", examine_signature),
    ("plivo", examine_plivo),
)
MARKS = {"ok": ("green", "ok "), "warning": ("yellow", "!! "), "bad": ("red", "BAD")}


@click.command()
def doctor() -> None:
    """Examine settings, rules, Redis, clock, public URL, signature and Plivo account.

    Sends nothing but reads. Exit code 1 when something is bad. Ends with the addresses to paste
    into Plivo.
    """
    paint = painter(sys.stdout)
    failed = False
    settings = _settings()
    for name, examine in EXAMINE:
        for finding in examine(settings):
            colour, mark = MARKS[finding.level]
            click.echo(f"{paint(colour, mark)}  {name.ljust(10)}  {safe(finding.text)}")
            failed |= finding.level == "bad"
    _tell_addresses(settings.public_url)
    sys.exit(1 if failed else 0)


def _settings() -> Settings:
    """The settings as the processes of `gavel up` get them."""
    paint = painter(sys.stdout)
    try:
        settings = Settings.from_environ(make_plan(Settings.load()).environ)
    except SettingsError as error:
        for problem in error.problems:
            click.echo(f"{paint('red', 'BAD')}  {'settings'.ljust(10)}  {safe(problem)}")
        sys.exit(1)
    for sentence in misspelt():
        click.echo(f"{paint('yellow', '!! ')}  {'settings'.ljust(10)}  {safe(sentence)}")
    click.echo(f"{paint('green', 'ok ')}  {'settings'.ljust(10)}  all can be read")
    return settings


def _tell_addresses(public_url: str) -> None:
    click.echo("\nAddresses to paste into Plivo (NAME: your conference's name):")
    for label, address in (
        ("Answer URL of the application", addresses.answer_url(public_url, "NAME")),
        ("callbackUrl in your own XML", addresses.conference_url(public_url)),
        ("callback_url of your own Record calls", addresses.recording_url(public_url, "NAME")),
        ("transcription_url", addresses.transcription_url(public_url, "NAME")),
    ):
        click.echo(f"  {label.ljust(38)} {address}")
