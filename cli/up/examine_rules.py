"""`python -m cli.up.examine_rules`: what `gavel up` must know of the rules before it starts.

A process of its own, since what it loads would stay in the supervisor.
"""

import json
import sys

import click

from app.domain.globs import any_matches
from app.settings import Settings
from app.yaml.problems import FileError
from cli import process_edge
from cli.rules_file import how_many, load_rules
from cli.up.demo import CONFERENCE
from workers.rules.engine.index import Rules
from workers.rules.lint.secrets import unset_secrets

BY_HAND = "demo-1"


def examine() -> None:
    """Print a `RulesAtStart` as one line of JSON; or every problem, and end with 1."""
    path = Settings.load().rules_file
    try:
        rules = load_rules(path)
    except FileError as error:
        click.echo(str(error))
        sys.exit(1)
    found = {
        "told": f"{path}: ok, {how_many(rules)}",
        "demo": is_meant(rules, CONFERENCE),
        "conference": example_conference(rules),
        "unset": [str(problem) for problem in unset_secrets(rules.secrets, path)],
    }
    click.echo(json.dumps(found))


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


if __name__ == "__main__":
    process_edge.run(examine)
