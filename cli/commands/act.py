"""`gavel act`: do one thing in a conference, by hand."""

import sys
import time

import click
from redis import Redis

from app.errors import GavelError
from app.operators.acts import Act
from app.operators.acts import act as ask
from app.operators.outcome import Outcome, outcome_of
from app.store import keys
from app.store.inbox import Inbox
from app.yaml.document import parse
from app.yaml.json_nodes import json_of
from app.yaml.problems import FileError, Report
from cli.names.account import chosen_settings
from cli.names.completion import conference_names
from cli.names.known import require_known
from cli.operator import this_person
from cli.output.format_journal import Story
from cli.output.machine import json_option, tell
from cli.store import open_redis
from workers.rules.engine.index import Rules
from workers.rules.expressions.scope import Scope
from workers.rules.language.steps.by_hand import NotAStep, read_step
from workers.rules.load import load

WAIT_SECONDS = 10.0
_OVER = ("done", "not_needed", "refused", "failed", "unknown")


class NothingAsked(GavelError):
    """STEP is no step of `do`: write it as in rules.yaml, such as 'mute: all'."""


@click.command()
@click.argument("conference", shell_complete=conference_names)
@click.argument("step", metavar="STEP")
@click.option("--reason", default="", help="Why; kept in the journal and the audit.")
@click.option("--instance", default="", help="Only if this ConferenceUUID is the live one.")
@json_option
def act(conference: str, step: str, reason: str, instance: str, as_json: bool) -> None:
    """Do STEP in CONFERENCE by hand: one step as under `do:`, such as 'mute: all'.

    It takes its turn among the events of the conference, and the journal tells of it as of a rule's
    step. `{{ }}` is said as it stands. Exit code 1 when it was not done.
    """
    with open_redis(chosen_settings()) as redis:
        wanted = Act(conference, _step(step, redis), reason, instance)
        require_known(redis, conference)
        id = ask(Inbox(redis), wanted, this_person())
        outcome = _outcome(redis, conference, id)
    if as_json:
        told = {"id": id, "state": outcome.state, "reason": outcome.reason}
        tell([told | {"entries": list(outcome.entries)}])
    else:
        _tell(id, outcome)
    sys.exit(0 if outcome.state in ("done", "not_needed") else 1)


def _step(text: str, redis: Redis) -> object:
    """The step as JSON, checked by the rules that are at work. Raises NothingAsked."""
    report = Report("STEP")
    try:
        node = parse(text, report)
        report.raise_errors()
        asked = None if node is None else json_of(node)
        rules = _rules(redis)
        read_step(asked, Scope({}, rules.lists, rules.timezone, rules.var_types))
    except FileError as error:
        raise NothingAsked("; ".join(problem.message for problem in error.problems)) from None
    except NotAStep as error:
        raise NothingAsked(str(error)) from None
    return asked


def _rules(redis: Redis) -> Rules:
    text = redis.get(keys.RULES_TEXT)
    try:
        return load(text.decode(), "") if isinstance(text, bytes) else Rules()
    except FileError:  # written by another version of Gavel
        return Rules()


def _outcome(redis: Redis, conference: str, id: str) -> Outcome:
    """What became of it; as far as it came when `WAIT_SECONDS` are over."""
    until = time.monotonic() + WAIT_SECONDS
    while True:
        found = outcome_of(redis, conference, id) or Outcome("waiting", "", ())
        if found.state in _OVER or time.monotonic() > until:
            return found
        time.sleep(0.05)


def _tell(id: str, outcome: Outcome) -> None:
    story = Story.to(sys.stdout, everything=True)
    for entry in outcome.entries:
        for line in story.lines(entry):
            click.echo(line)
    if outcome.state not in _OVER:
        click.echo(f"{id} is {outcome.state.replace('_', ' ')}: look with `gavel why`", err=True)
