"""`gavel timers`: what is due."""

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import click
from redis import Redis

from app.domain.conference import Conference, UnreadableConference
from app.domain.durations import format_duration
from app.settings import Settings
from app.store import keys
from app.store.timers import Due, Timers
from cli.output.table import show
from cli.store import open_redis
from workers.rules.load import load
from workers.rules.vocabulary.problems import RulesError


@click.command()
@click.argument("conference", required=False)
def timers(conference: str | None) -> None:
    """List what is due, soonest first; with CONFERENCE only there."""
    with open_redis(Settings.load()) as redis:
        found = [due for due in Timers(redis).all() if conference in (None, due.conference)]
        states = _states(redis, {due.conference for due in found})
        names = _rule_names(redis)
    now = time.time()
    show(
        ("due", "in", "conference", "what", "rule"),
        [
            (
                time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(due.at)),
                format_duration(round(due.at - now)),
                due.conference,
                *_what(due, states, names),
            )
            for due in found
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
    except RulesError:  # written by another version of Gavel
        return {}


def _what(due: Due, states: Mapping[str, Conference], names: Mapping[str, str]) -> tuple[str, str]:
    """The trigger that this timer is of, and the name of its rule."""
    state = states.get(due.conference)
    timer = state.timers.get(due.timer) if state else None
    if timer is None:
        return due.timer, ""
    return timer.kind, names.get(timer.rule, timer.rule)
