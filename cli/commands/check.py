"""`gavel check`: every problem of a rules file at once."""

import sys
import time

import click

from app.settings import Settings
from cli.rules_file import how_many, load_rules
from workers.rules.lint.clock_changes import clock_changes
from workers.rules.vocabulary.problems import RulesError


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
    click.echo(f"{path}: ok, {how_many(rules)}", err=True)
