"""`gavel check`: every problem of the rules, and of ACCOUNTS_FILE, at once."""

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import click

from app.settings import Settings
from app.yaml.problems import FileError, Problem
from cli.output.machine import tell
from cli.rules_file import NoRulesFile, how_many, load_rules
from workers.rules.lint.clock_changes import clock_changes
from workers.rules.lint.secrets import unset_secrets

_GITHUB = {"error": "error", "warning": "warning", "note": "notice"}


@click.command()
@click.argument("rules_file", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="For people, for programs, or as annotations of a workflow on GitHub.",
)
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@click.option(
    "--accounts",
    metavar="FILE",
    help="This file of accounts, too, and the rules of each. Default: ACCOUNTS_FILE.",
)
def check(rules_file: str | None, form: str, accounts: str | None) -> None:
    """Tell every problem of RULES_FILE (default: the setting RULES_FILE) at once.

    With ACCOUNTS_FILE and without RULES_FILE: every problem of that file, and of the rules of each
    account. One line each, `file:line:column: level: message`; exit code 1 when there is an error.
    Notes name the days of the coming year on which the clocks change a schedule, and the secrets
    (`{env: NAME}`) that are not set where this runs.
    """
    checked = list(_checked(rules_file, accounts))
    if form == "json":
        tell([one.as_json() for one in checked])
    else:
        for one in checked:
            for problem in one.problems:
                click.echo(_annotation(problem) if form == "github" else str(problem))
            if one.ok:
                click.echo(f"{one.path}: ok, {one.holds}")
    sys.exit(0 if all(one.ok for one in checked) else 1)


@dataclass(frozen=True, slots=True)
class _Checked:
    """One file: what it `holds`, in words and as fields, if it can be used."""

    path: str
    problems: Sequence[Problem]
    holds: str = ""
    rules: int | None = None
    accounts: int | None = None

    @property
    def ok(self) -> bool:
        return bool(self.holds)

    def as_json(self) -> dict[str, object]:
        from cli.output.rules_json import problems  # it loads what explains and replays

        of_accounts = {} if self.accounts is None else {"accounts": self.accounts}
        return {
            "path": self.path,
            "ok": self.ok,
            "rules": self.rules,
            **of_accounts,
            "problems": problems(self.problems),
        }


def _checked(rules_file: str | None, accounts_file: str | None) -> Iterator[_Checked]:
    if rules_file and not accounts_file:
        yield _rules(rules_file)
        return
    settings = Settings.load()
    of_accounts = accounts_file or settings.accounts_file
    own = rules_file or settings.rules_file
    if of_accounts is None or rules_file or settings.plivo_auth_id:
        yield _rules(own)
    if of_accounts:
        yield from _accounts(of_accounts, settings)


def _rules(path: str) -> _Checked:
    try:
        rules = load_rules(path)
    except FileError as error:
        return _Checked(path, error.problems)
    notes = (*unset_secrets(rules.secrets, path), *clock_changes(rules, path, time.time()))
    return _Checked(path, (*rules.warnings, *notes), how_many(rules), len(rules.rules))


def _accounts(path: str, settings: Settings) -> Iterator[_Checked]:
    """The file of accounts, and each file of rules that they have, once."""
    from app.accounts.file import AccountsError, read_accounts  # it loads the client of Redis

    try:
        accounts = read_accounts(path, settings)
    except AccountsError as error:
        yield _Checked(path, error.problems)
        return
    count = len(accounts)
    words = f"{count} account{'' if count == 1 else 's'}"
    yield _Checked(path, accounts.warnings, words, accounts=count)
    for rules in dict.fromkeys(one.settings.rules_file for one in accounts.values()):
        try:
            yield _rules(rules)
        except NoRulesFile as error:
            yield _Checked(rules, [Problem(rules, 1, 1, "error", str(error))])


def _annotation(problem: Problem) -> str:
    """A workflow command of GitHub, with what it would take for its own signs escaped."""
    place = f"file={_property(problem.path)},line={problem.line},col={problem.column}"
    return f"::{_GITHUB[problem.level]} {place}::{_data(problem.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
