"""`gavel doctor`: is everything as it must be? Each finding is ok, or says how to mend it."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

import click

from app.doctor.aside import examine_aside, examine_silences
from app.doctor.rules import broken, examine_rules_at_work, usable
from app.doctor.store import examine_clock, examine_redis
from app.domain.redaction import mask_phones
from app.errors import SettingsError
from app.finding import Finding, bad, doubtful, good
from app.plivo import urls as addresses
from app.settings import Settings, misspelt, remarks
from app.yaml.problems import FileError
from cli.doctor.checks_accounts import examine_accounts
from cli.doctor.checks_outside import (
    examine_console,
    examine_issuer,
    examine_open,
    examine_plivo,
    examine_public_url,
    examine_signature,
)
from cli.names.account import of_chosen
from cli.output.machine import json_option, tell
from cli.output.terminal import painter, safe
from cli.rules_file import NoRulesFile, load_rules
from cli.up.layout import CannotStart, make_plan
from workers.rules.lint.secrets import unset_secrets


def examine_rules(settings: Settings) -> Iterator[Finding]:
    try:
        rules = load_rules(settings.rules_file)
    except NoRulesFile as error:
        yield bad(str(error))
    except FileError as error:
        yield broken(settings.rules_file, len(error.problems))
    else:
        yield usable(settings.rules_file, len(rules.rules))
        for unset in unset_secrets(rules.secrets, settings.rules_file):
            yield doubtful(f"{unset.path}:{unset.line}: {unset.message}")


Examine = Callable[[Settings], Iterator[Finding]]
EXAMINE: tuple[tuple[str, Examine], ...] = (
    ("accounts", examine_accounts),
    ("rules", examine_rules),
    ("at work", examine_rules_at_work),
    ("redis", examine_redis),
    ("set aside", examine_aside),
    ("silences", examine_silences),
    ("clock", examine_clock),
    ("public url", examine_public_url),
    ("open", examine_open),
    ("console", examine_console),
    ("signature", examine_signature),
    ("plivo", examine_plivo),
    ("oidc", examine_issuer),
)
OF_ACCOUNT = frozenset({"rules", "at work", "signature", "plivo"})
"""What a service of ACCOUNTS_FILE alone has none of."""
Found = Sequence[tuple[str, Finding]]
WORST_FIRST = ("bad", "warning", "ok")
MARKS = {"ok": ("green", "ok "), "warning": ("yellow", "!! "), "bad": ("red", "BAD")}


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Examine settings, rules, Redis, clock, public URL, signature and Plivo account.

    Sends nothing but reads. Tells the worst first, then the addresses to paste into Plivo, and at
    the end how much is bad. Exit code 1 when something is.
    """
    settings, found = _settings()
    if settings:
        found += [(name, one) for name, examine in _to_do(settings) for one in examine(settings)]
    found.sort(key=lambda named: WORST_FIRST.index(named[1].level))
    count = Counter(finding.level for _, finding in found)
    places = _addresses(settings.public_url) if settings and _has_account(settings) else None
    if as_json:
        tell([_told(found, places, count)])
    else:
        _show(found, places, count)
    sys.exit(1 if count["bad"] else 0)


def _to_do(settings: Settings) -> Iterator[tuple[str, Examine]]:
    whole = _has_account(settings)
    return ((name, examine) for name, examine in EXAMINE if whole or name not in OF_ACCOUNT)


def _has_account(settings: Settings) -> bool:
    return settings.plivo_auth_id is not None or settings.accounts_file is None


def _settings() -> tuple[Settings | None, list[tuple[str, Finding]]]:
    """The settings as the processes of `gavel up` get them, and what is wrong with them. None when
    they can not be read; without STATE_DIR what it is for stays not set."""
    try:
        settings = Settings.load()
    except SettingsError as error:
        told = [bad(problem) for problem in error.problems]
        return None, [("settings", one) for one in [*map(doubtful, misspelt()), *told]]
    found = [("settings", doubtful(sentence)) for sentence in remarks(settings)]
    try:
        settings = of_chosen(Settings.from_environ(make_plan(settings).environ))
    except CannotStart as error:
        return settings, [*found, ("settings", bad(str(error)))]
    return settings, [*found, ("settings", good("all can be read"))]


def _addresses(public_url: str) -> Mapping[str, str]:
    """What to paste into Plivo."""
    return {
        "Answer URL of the application": addresses.answer_url(public_url, "NAME"),
        "callbackUrl in your own XML": addresses.conference_url(public_url),
        "callback_url of your own Record calls": addresses.recording_url(public_url, "NAME"),
        "transcription_url": addresses.transcription_url(public_url, "NAME"),
    }


def _show(found: Found, places: Mapping[str, str] | None, count: Counter[str]) -> None:
    paint = painter(sys.stdout)
    for name, finding in found:
        colour, mark = MARKS[finding.level]
        click.echo(f"{paint(colour, mark)}  {name.ljust(10)}  {mask_phones(safe(finding.text))}")
    if places:
        click.echo("\nAddresses to paste into Plivo (NAME: your conference's name):")
        for label, address in places.items():
            click.echo(f"  {label.ljust(38)} {address}")
    click.echo(f"\n{count['bad']} bad, {_counted(count['warning'], 'warning')}, {count['ok']} ok")


def _told(
    found: Found, places: Mapping[str, str] | None, count: Counter[str]
) -> Mapping[str, object]:
    findings = [{"name": name, "level": one.level, "text": one.text} for name, one in found]
    counts = {"bad": count["bad"], "warnings": count["warning"], "ok": count["ok"]}
    return {"findings": findings, "addresses": places, **counts}


def _counted(number: int, word: str) -> str:
    return f"1 {word}" if number == 1 else f"{number} {word}s"
