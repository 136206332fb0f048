"""`python -m cli.up`: what `gavel up` must know of the rules before it starts.

A process of its own, since what it loads would stay in the supervisor.
"""

import json
import sys

import click

from app.domain.globs import any_matches
from app.settings import Settings
from app.yaml.problems import FileError
from cli.rules_file import how_many, load_rules
from cli.up.demo import CONFERENCE
from workers.rules.engine.index import Rules
from workers.rules.lint.secrets import unset_secrets

BY_HAND = "demo-1"
OF_EACH = {"told": "each account has its own", "demo": False, "conference": BY_HAND, "unset": []}


def examine() -> None:
    """Print a `RulesAtStart` as one line of JSON; or every problem, and end with 1."""
    settings = Settings.load()
    accounts = _accounts(settings)
    is_alone = accounts and settings.plivo_auth_id is None
    found = OF_EACH if is_alone else _of_rules(settings.rules_file)
    click.echo(json.dumps(found | {"accounts": accounts}))


def _of_rules(path: str) -> dict[str, object]:
    try:
        rules = load_rules(path)
    except FileError as error:
        click.echo(str(error))
        sys.exit(1)
    return {
        "told": f"{path}: ok, {how_many(rules)}",
        "demo": is_meant(rules, CONFERENCE),
        "conference": example_conference(rules),
        "unset": [str(problem) for problem in unset_secrets(rules.secrets, path)],
    }


def _accounts(settings: Settings) -> str:
    """How many there are, in words. Raises AccountsError."""
    if settings.accounts_file is None:
        return ""
    from app.accounts.file import read_accounts  # it loads the client of Redis

    count = len(read_accounts(settings.accounts_file, settings))
    return f"{settings.accounts_file}: ok, {count} account{'' if count == 1 else 's'}"


def example_conference(rules: Rules) -> str:
    """A conference that the rules are meant for, to call into by hand; `demo-1` where it is one."""
    if is_meant(rules, BY_HAND):
        return BY_HAND
    globs = (glob for rule in rules.rules if rule.enabled for glob in rule.conference_globs)
    names = (glob.replace("*", "1").replace("?", "1") for glob in globs)
    return next(names, BY_HAND)


def is_meant(rules: Rules, conference: str) -> bool:
    """Is an enabled rule meant for this conference?"""
    return any(
        rule.enabled
        and (not rule.conference_globs or any_matches(rule.conference_globs, conference))
        for rule in rules.rules
    )
