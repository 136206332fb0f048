"""`gavel check`: every problem of a rules file at once."""

import sys
import time
from pathlib import Path

import click

from app.errors import GavelError
from app.settings import Settings
from workers.rules.engine.index import Rules
from workers.rules.lint.clock_changes import clock_changes
from workers.rules.load import load
from workers.rules.nodes.yaml import MAX_BYTES, decode
from workers.rules.vocabulary.problems import RulesError


class NoRulesFile(GavelError):
    """The rules file can not be read: mend the path or the setting RULES_FILE."""


def read_rules(path: str) -> str:
    """The text of a rules file. Raises NoRulesFile, or RulesError when it is not UTF-8."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise NoRulesFile(
            f"the rules file {path} can not be read: {error.strerror}. "
            "Write it, or set RULES_FILE to where it is"
        ) from None
    return decode(data, path)


def load_rules(path: str) -> Rules:
    """The rules of a file. Raises NoRulesFile or RulesError."""
    return load(read_rules(path), path)


@click.command()
@click.argument("rules_file", required=False)
def check(rules_file: str | None) -> None:
    """Tell every problem of RULES_FILE (default: the setting RULES_FILE) at once.

    One line each, `file:line:column: level: message`; exit code 1 when there is an error. Notes
    name the days of the coming year on which the clocks change a schedule.
    """
    path = rules_file or Settings.load().rules_file
    try:
        rules = load_rules(path)
    except RulesError as error:
        click.echo(str(error))
        sys.exit(1)
    for finding in (*rules.warnings, *clock_changes(rules, path, time.time())):
        click.echo(str(finding))
    click.echo(f"{path}: ok, {_count(rules)}", err=True)


def _count(rules: Rules) -> str:
    return f"{len(rules.rules)} rule" + ("" if len(rules.rules) == 1 else "s")
