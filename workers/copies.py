"""Copies that people wish for: where the rules copy a recording to, found by a process that knows
them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from redis import Redis

from app.domain.globs import any_matches
from app.domain.recording import Recording, UnreadableRecording
from app.operators.attention import GivenUp, ask_again, given_up
from app.operators.copies import together
from app.operators.copies.asking import CopyAsked, Wish, ask_for_copy, seen
from app.store.recordings import Recordings
from app.store.server.clock import redis_time
from workers.rules.engine.index import Rules
from workers.rules.vocabulary.model import NO_ANSWER, Template, Unknown, no_answer

Tried = Mapping[tuple[str, str], Sequence[GivenUp]]
"""By recording and address: copies that were given up."""


def copies_by_rules(redis: Redis, question: Mapping[str, Any], rules: Rules) -> str:
    """Ask for the copies that are wished for; what came of it, as `copies.wished` reads it. Raises
    RedisError."""
    wanted = Wish.of(question)
    tried = _tried(redis)
    found = [copy for id in wanted.ids for copy in _copies(redis, id, wanted, rules, tried)]
    if wanted.together:
        together.keep(redis, wanted.together, found)
    return json.dumps([one.to_json_dict() for one in found], ensure_ascii=False)


def _copies(redis: Redis, id: str, wanted: Wish, rules: Rules, tried: Tried) -> Iterator[CopyAsked]:
    try:
        one = Recordings(redis).get(id)
    except UnreadableRecording:
        one = None
    if one is None:
        yield CopyAsked(id, "", "refused", "nothing is known of this recording, or not any more")
        return
    if one.state != "ready" or not one.recording_id:
        yield CopyAsked(id, "", "refused", "its file is not there")
        return
    places, why = addresses(rules, one)
    if not places:
        yield CopyAsked(id, "", "refused", why)
    for to in places:
        yield CopyAsked(id, to, _asked(redis, one, to, wanted, tried.get((id, to), ())))


def _asked(redis: Redis, one: Recording, to: str, wanted: Wish, before: Sequence[GivenUp]) -> str:
    """What was given up is made again as any call, so that its run goes on and nobody finds it
    under Attention any more."""
    now = redis_time(redis)
    if before:
        for call in before:
            ask_again(redis, call, now, wanted.operator, wanted.reason)
        return "asked"
    if one.archived_to == to and not one.archive_error:
        return "copied"
    handed = ask_for_copy(redis, one, to, now, wanted.operator, wanted.reason)
    return "asked" if handed else "under_way"


def addresses(rules: Rules, one: Recording) -> tuple[Sequence[str], str]:
    """Where the rules that run copy recordings of this conference to, each address once; and why
    that is nowhere. Conditions are not asked: somebody wants it copied."""
    found: dict[str, None] = {}
    why = f"no rule copies recordings of the conference {one.conference!r}"
    for to in _templates(rules, one.conference):
        try:
            found[str(to.render(seen(one)))] = None
        except Unknown as unknown:
            why = str(unknown)
        except NO_ANSWER as error:
            why = no_answer(error)
    return list(found), why


def _templates(rules: Rules, conference: str) -> Iterator[Template]:
    for rule in rules.rules:
        here = not rule.conference_globs or any_matches(rule.conference_globs, conference)
        if rule.enabled and not rule.dry_run and here:
            yield from (step.params["to"] for step in rule.steps if step.action == "archive")


def _tried(redis: Redis) -> Tried:
    """Deleting Plivo's copy is none of it: that is asked for again by itself."""
    found: dict[tuple[str, str], list[GivenUp]] = {}
    for one in given_up(redis):
        params = one.call.get("params", {})
        if one.call["verb"] == "archive" and params.get("part") != "delete":
            place = str(params.get("recording", {}).get("id", "")), str(params.get("to", ""))
            found.setdefault(place, []).append(one)
    return found
