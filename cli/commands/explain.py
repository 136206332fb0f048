"""`gavel explain`: which rules match an event, which do not and why, and what would be sent."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from app.domain.conference import Conference
from app.domain.event import Event, OthersLive
from app.domain.silence import Silence
from app.operators.silences import Silences
from app.settings import Settings
from cli.event_input import event_of_file
from cli.names.account import chosen_settings
from cli.names.completion import conference_names, event_kinds
from cli.output.machine import json_option, tell
from cli.output.rules_json import explanation as told
from cli.output.terminal import safe_lines
from cli.rules_file import usable_rules
from cli.store import NoRedis, open_for_reading, open_redis
from workers.questions import live_state, stored_event, with_account
from workers.rules.engine.index import Rules
from workers.rules.explanation.after_answer import after_answers
from workers.rules.explanation.answering import explain_answer, render_answering
from workers.rules.explanation.asked import (
    Given,
    NoEvent,
    event_of_kind,
    no_kind,
    state_after,
)
from workers.rules.explanation.explain import explain as explain_event
from workers.rules.explanation.explain_text import render_after, render_explanation
from workers.rules.vocabulary.triggers import EVENTS

OPTIONS = {
    "conference": ": --conference NAME",
    "member_id": ": --member ID",
    "digits": ": --digits DIGITS",
    "name": ": --name NAME",
}
"""How what an event needs is given here."""

ANSWER = "answer"
"""In the place of an event: a call is to be answered."""


@click.command()
@click.argument("event", shell_complete=event_kinds)
@click.option("--rules", help="Default: RULES_FILE.")
@click.option(
    "--conference",
    default="",
    help="The conference, or where to look for an id.",
    shell_complete=conference_names,
)
@click.option("--member", help="A member's id.")
@click.option("--from", "caller", help="Who calls.")
@click.option("--role", help="What the caller is, by `conferences`.")
@click.option("--digits", help="What was pressed.")
@click.option("--name", help="The name of a trigger.")
@click.option("--data", multiple=True, metavar="KEY=VALUE", help="What a trigger brings along.")
@click.option(
    "--response",
    metavar="JSON",
    help="What webhooks are answered whose answer steps ask for: JSON, or a status such as 404.",
)
@json_option
@click.option(
    "--state", help="A file with the state before (docs/cli.md); `empty`; default: as it is live."
)
def explain(
    event: str,
    rules: str | None,
    conference: str,
    member: str | None,
    caller: str | None,
    role: str | None,
    digits: str | None,
    name: str | None,
    data: tuple[str, ...],
    response: str | None,
    state: str | None,
    as_json: bool,
) -> None:
    """Tell what the rules make of EVENT, and why; nothing is sent or stored.

    EVENT is a JSON file, the id of a recorded event (evt-…, from `gavel why --ids`), or a kind
    with options, such as: gavel explain member.entered --conference standup --member 1

    EVENT `answer` is a call that is to be answered: which entry of `conferences` is the caller's;
    more of it by --data, such as query.desk=3 or header.X-PH-Desk=3.
    """
    settings = chosen_settings()
    loaded = usable_rules(rules or settings.rules_file)
    if event == ANSWER:
        call = {"member.from": caller, "member.role": role, **_lowered(_pairs(data))}
        _answer(loaded, conference, call, settings.public_url, as_json)
        return
    wanted = {"member_id": member, "from": caller, "role": role}
    wanted |= {"digits": digits, "name": name}
    found = {key: value for key, value in wanted.items() if value is not None}
    given = Given(conference, found | ({"data": _pairs(data)} if data else {}))
    happened, before, silences = _find(event, given, settings, loaded, state)
    explanation = explain_event(
        happened, before, loaded, happened.at, settings.public_url, silences
    )
    url = settings.public_url
    answers = after_answers(explanation, loaded, response, url, silences) if response else ()
    if as_json:
        tell([told(explanation), *map(told, answers)])
        return
    account = settings.plivo_auth_id or "{auth_id}"
    text = render_explanation(explanation, zone=loaded.timezone, account=account)
    text += "".join(render_after(one, zone=loaded.timezone, account=account) for one in answers)
    click.echo(safe_lines(text), nl=False)


def _answer(
    rules: Rules, conference: str, call: Mapping[str, str | None], public_url: str, as_json: bool
) -> None:
    """How a call would be answered now."""
    if not conference:
        raise NoEvent("say which conference is called: gavel explain answer --conference NAME")
    caller = {name: value for name, value in call.items() if value}
    found = explain_answer(rules, conference, caller, time.time(), public_url)
    if as_json:
        tell([found.to_json()])
    else:
        click.echo(safe_lines(render_answering(found)), nl=False)


def _lowered(data: Mapping[str, str]) -> dict[str, str]:
    """Names of headers in small letters, as they are compared."""
    return {k.lower() if k.startswith("header.") else k: value for k, value in data.items()}


def _find(
    event: str, given: Given, settings: Settings, rules: Rules, state: str | None
) -> tuple[Event, Conference, Sequence[Silence]]:
    """The event, its conference before it, and the silences that hold in a live one."""
    if event.startswith("evt-") and not os.path.exists(event):
        with open_for_reading(settings) as redis:
            happened, earlier = stored_event(redis, event, given.conference)
        return happened, _state(state, happened) or state_after(earlier, rules, happened), ()
    if event in EVENTS:
        happened = event_of_kind(event, given, OPTIONS)
    elif os.path.exists(event):
        happened = event_of_file(event, given)
    else:
        raise NoEvent(no_kind(f"{event!r} is no file and", event))
    given_state = _state(state, happened)
    return (_alone(happened), given_state, ()) if given_state else _live(settings, happened, rules)


def _alone(event: Event) -> Event:
    """Where nothing is looked up, nothing else is live, unless the event says so."""
    return event if event.account is not None else replace(event, account=OthersLive())


def _state(state: str | None, event: Event) -> Conference | None:
    """The state that was asked for; None when none was."""
    if state is None:
        return None
    if state == "empty":
        return Conference.new(event.conference)
    try:
        stored = Conference.from_json(Path(state).read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        why = error if isinstance(error, OSError) else "it is none that Gavel has stored"
        raise NoEvent(f"the state {state} can not be read: {why} (docs/cli.md)") from None
    return replace(stored, name=event.conference)


def _live(
    settings: Settings, event: Event, rules: Rules
) -> tuple[Event, Conference, Sequence[Silence]]:
    try:
        with open_redis(settings) as redis:
            told = with_account(redis, event, rules)
            return told, live_state(redis, event.conference), Silences(redis).all()
    except NoRedis:
        click.echo("(Gavel is not running here: the conference is taken to be empty)", err=True)
        return _alone(event), Conference.new(event.conference), ()


def _pairs(data: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pair in data:
        key, sign, value = pair.partition("=")
        if not sign:
            raise click.BadParameter(f"{pair!r} is not KEY=VALUE", param_hint="--data")
        found[key] = value
    return found
