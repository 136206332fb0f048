"""`gavel timers`: what is due."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import click
from redis import Redis

from app.domain.conference import Conference, UnreadableConference, what_of
from app.domain.durations import format_duration
from app.domain.moments import written
from app.store import keys
from app.store.server.clock import redis_time
from app.store.timers import Due, Timers
from app.yaml.problems import FileError
from cli.names.account import chosen_settings
from cli.names.completion import conference_names
from cli.names.known import require_known
from cli.output.machine import json_option, tell
from cli.output.table import show
from cli.store import open_for_reading
from workers.rules.load import load

Json = dict[str, Any]
SAID = {
    "limit": "the limit: everybody is hung up",
    "wait": "the end of a wait",
    "held": "the end of a hold",
    "seek": "Plivo is asked for the recording",
}
"""Timers that are no trigger, in words."""


@click.command()
@click.argument("conference", required=False, shell_complete=conference_names)
@json_option
def timers(conference: str | None, as_json: bool) -> None:
    """List what is due, soonest first; with CONFERENCE only there."""
    with open_for_reading(chosen_settings()) as redis:
        require_known(redis, conference)
        found = [due for due in Timers(redis).all() if conference in (None, due.conference)]
        states = _states(redis, {due.conference for due in found})
        names = _rule_names(redis)
        now = redis_time(redis)
    rows = [_row(due, states, names) for due in found]
    if as_json:
        tell(rows)
        return
    show(
        ("due", "in", "conference", "what", "rule"),
        [
            (
                written(one["due"]),
                format_duration(round(one["due"] - now)),
                one["conference"],
                SAID.get(one["kind"]) or one["kind"],
                one["rule"],
            )
            for one in rows
        ],
        "Nothing is due.",
    )


def _states(redis: Redis, conferences: set[str]) -> Mapping[str, Conference]:
    wanted = sorted(conferences)
    if not wanted:
        return {}
    found: Any = redis.mget([keys.conference(keys.conference_key(name)) for name in wanted])
    states = {}
    for name, state in zip(wanted, found, strict=True):
        with suppress(UnreadableConference):
            if state is not None:
                states[name] = Conference.from_json(state)
    return states


def _rule_names(redis: Redis) -> Mapping[str, str]:
    """The names of the rules that are at work now, by id."""
    text = redis.get(keys.RULES_TEXT)
    if not isinstance(text, bytes):
        return {}
    try:
        return {rule.id: rule.name for rule in load(text.decode(), "").rules}
    except FileError:  # written by another version of Gavel
        return {}


def _row(due: Due, states: Mapping[str, Conference], names: Mapping[str, str]) -> Json:
    """The trigger that this timer is of, and the name of its rule: "" where that is not known."""
    state = states.get(due.conference)
    timer = state.timers.get(due.timer) if state else None
    told = {"id": due.timer, "due": due.at, "conference": due.conference}
    if timer is None:
        return told | {"kind": what_of(due.timer), "rule": ""}
    return told | {"kind": timer.kind, "rule": names.get(timer.rule, "")}
