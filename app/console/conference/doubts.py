"""What is not so yet, or will not be: calls that were to mute or deafen somebody and were not made.

The state says at once what a call will bring, for the rules go by it. People who look at the page
ask what is so."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from redis import Redis

from app.console.conference.answer import is_given_up
from app.domain.conference import Conference
from app.store import keys

VERBS = {
    "mute": ("muted", True),
    "unmute": ("muted", False),
    "deaf": ("deaf", True),
    "undeaf": ("deaf", False),
}
"""Verb -> what the state says of a member from the decision on."""
GIVEN_UP = "was given up"
NOT_YET = "is not done yet"
UNKNOWN = "has an unknown outcome"

Doubts = Mapping[str, Mapping[str, str]]
"""Member's id -> `muted` or `deaf` -> what is to be said of it."""
Told = tuple[str, Sequence[str], str]
"""A verb, the members it is for, and what is to be said; "" for one that was made."""


def doubts(
    redis: Redis, key: str, state: Conference, entries: Sequence[Mapping[str, Any]]
) -> Doubts:
    """Of the members of a live conference, by the entries of its instance and by what waits to be
    sent. Raises RedisError."""
    found: dict[str, dict[str, str]] = {}
    for verb, members, words in (*_by_journal(entries), *_waiting(redis, key)):
        flag, value = VERBS[verb]
        for id in state.members if "all" in members else members:
            found.setdefault(id, {}).pop(flag, None)
            if words and _says(state, id, flag) == value:
                found[id][flag] = f"{verb} {words}"
    return found


def _says(state: Conference, id: str, flag: str) -> bool | None:
    """None of a member who is not there."""
    member = state.members.get(id)
    return None if member is None else bool(member.facts.get(flag))


def _by_journal(entries: Sequence[Mapping[str, Any]]) -> Iterator[Told]:
    for one in entries:
        if one["kind"] != "call" or one["verb"] not in VERBS:
            continue
        members = one.get("members", ())
        if one["status"] == "done":
            yield one["verb"], members, ""
        elif one["status"] == "unknown":
            yield one["verb"], members, UNKNOWN
        elif is_given_up(one):
            yield one["verb"], members, GIVEN_UP


def _waiting(redis: Redis, key: str) -> Iterator[Told]:
    stored: Any = redis.get(keys.outbox(key))
    rows = json.loads(stored)["entries"] if stored and stored != b"-" else []
    for call, *_ in rows:
        if call["verb"] in VERBS:
            yield call["verb"], call.get("members", ()), NOT_YET
