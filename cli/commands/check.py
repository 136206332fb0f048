"""`gavel check`: every problem of a rules file at once."""

import sys
import time
from collections.abc import Sequence

import click

from app.settings import Settings
from app.yaml.problems import FileError, Problem
from cli.output.machine import tell
from cli.output.rules_json import problems as as_json
from cli.rules_file import how_many, load_rules
from workers.rules.engine.index import Rules
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
def check(rules_file: str | None, form: str) -> None:
    """Tell every problem of RULES_FILE (default: the setting RULES_FILE) at once.

    One line each, `file:line:column: level: message`; exit code 1 when there is an error. Notes
    name the days of the coming year on which the clocks change a schedule, and the secrets
    (`{env: NAME}`) that are not set where this runs.
    """
    path = rules_file or Settings.load().rules_file
    rules, found = _checked(path)
    if form == "json":
        count = None if rules is None else len(rules.rules)
        told = {"path": path, "ok": rules is not None, "rules": count, "problems": as_json(found)}
        tell([told])
    else:
        for problem in found:
            click.echo(_annotation(problem) if form == "github" else str(problem))
        if rules is not None:
            click.echo(f"{path}: ok, {how_many(rules)}")
    sys.exit(1 if rules is None else 0)


def _checked(path: str) -> tuple[Rules | None, Sequence[Problem]]:
    """The rules, None if they can not be used, and all that is to be said of them."""
    try:
        rules = load_rules(path)
    except FileError as error:
        return None, error.problems
    notes = (*unset_secrets(rules.secrets, path), *clock_changes(rules, path, time.time()))
    return rules, (*rules.warnings, *notes)


def _annotation(problem: Problem) -> str:
    """A workflow command of GitHub, with what it would take for its own signs escaped."""
    place = f"file={_property(problem.path)},line={problem.line},col={problem.column}"
    return f"::{_GITHUB[problem.level]} {place}::{_data(problem.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
