"""The journal: what happened in each conference and why, newest last, bounded and kept for
`KEEP_JOURNAL`.

It is written by the commit that it tells of (`app.store.commit`), so it is never ahead of the
truth and never behind. Entries are JSON objects with `at` (seconds), `conference` and `kind`:

- `event`: `event` (id, kind, uuid, data; `account` where rules ask what else was live: `count` of
  other conferences, and `others`, their names, if few), and where rules can wait for such a thing
  `ran` (how many rules ran), `skipped` (which did not, by `reason`: `rules`) and `skipped_more`
  (how many others). Of the rules that wait for such a thing and were not meant, for another
  conference say, it is stored how many (`not_meant_count`) and where their names and reasons are
  kept (`not_meant`, but for `not_meant_but`): once for many events. `unfolded` puts them into
  `skipped`
- `verdict`: the same of an event that was told of before
- `run`: one rule that ran for one event: `event`, `rule`, `outcome`, `reason`, `steps`
- `call`: `call` (id), `verb`, `members`, `rule`, `event`, `with` (other events whose calls went out
  as one with it), `status`, `attempt`, `error`, and when it was sent `ms` (from the event to the
  call) and `api_ms` (what the answer took); `api_id` where Plivo's answer had one, several with
  commas between them: what its support asks for; `response` of a webhook whose answer steps ask
  for: `status`, `size` (bytes), `left_out` (why it was not taken), never what is in it
- `note`: `text`
- `rules`: of no conference: rules were `taken`, or the file is broken; `rules` (how many), `text`
"""

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

from redis import Redis

from app.domain.conference import said_of
from app.json_text import decode
from app.store import keys
from app.store.server.tagged import space_prefix

Entry = Mapping[str, Any]

RULES_KEPT = 200
"""Entries of the journal of rules, also in `lua/publish.lua`."""


class Journal:
    """Reads journals; the commit writes them. Every method raises `RedisError`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def of(self, conference: str) -> Iterator[Entry]:
        """The story of one conference, oldest first; empty when nothing is known of it."""
        key = keys.journal(keys.conference_key(conference))
        stored: Any = self._redis.lrange(key, 0, -1)
        yield from unfolded(self._redis, [decode(entry) for entry in stored])

    def of_rules(self) -> Iterator[Entry]:
        """When rules were taken and what changed, or what was wrong; oldest first, the last 200."""
        stored: Any = self._redis.lrange(keys.RULES_JOURNAL, 0, -1)
        return (decode(entry) for entry in stored)

    def conferences(self) -> list[tuple[str, float]]:
        """Every conference with a journal and when it was last written, newest first."""
        known: Any = self._redis.zrevrange(keys.KNOWN, 0, -1, withscores=True)
        if not known:
            return []
        names: Any = self._redis.hmget(keys.NAMES, [key for key, _ in known])
        return [
            (name.decode(), at)
            for (_, at), name in zip(known, names, strict=True)
            if name is not None
        ]

    def follow(self, pause: float = 0.0) -> Generator[Entry, None, None]:
        """Every entry of every conference as it is written, from now on and for as long as you
        iterate. Who has read all waits for so many seconds then: what comes meanwhile comes
        together. Raises RedisError."""
        return (entry for _, entry in self._follow(pause))

    def follow_all(self, pause: float = 0.0) -> Generator[tuple[str, Entry], None, None]:
        """The same with the account that each is of, of all accounts of ACCOUNTS_FILE; "" for that
        of the service. This client is of none."""
        return self._follow(pause, space_prefix("*") + keys.STORY)

    def _follow(self, pause: float, *patterns: str) -> Generator[tuple[str, Entry], None, None]:
        connection: Any = self._redis
        channel = connection.pubsub(ignore_subscribe_messages=True)
        channel.subscribe(keys.STORY)
        for pattern in patterns:
            channel.psubscribe(pattern)
        return _heard(channel, pause)


def _heard(channel: Any, pause: float) -> Generator[tuple[str, Entry], None, None]:
    with channel:
        for message in channel.listen():
            space = message["channel"].decode().removesuffix(keys.STORY)
            yield space[2:-1], decode(message["data"])
            if pause and not channel.connection.can_read():
                time.sleep(pause)


def tell_of_rules(redis: Redis, entry: str) -> None:
    """Into the story, and the journal of rules. Raises RedisError."""
    with redis.pipeline(transaction=True) as together:
        together.rpush(keys.RULES_JOURNAL, entry)
        together.ltrim(keys.RULES_JOURNAL, -RULES_KEPT, -1)
        together.publish(keys.STORY, entry)
        together.execute()


def unfolded(redis: Redis, entries: Sequence[dict[str, Any]]) -> Sequence[Entry]:
    """Entries as they are stored, with the names of rules that were not meant in their place, as
    far as those are kept."""
    ids = list(dict.fromkeys(id for entry in entries for id in entry.get("not_meant", ())))
    texts: Any = redis.mget([keys.not_meant(id) for id in ids]) if ids else []
    words = {id: decode(text) for id, text in zip(ids, texts, strict=True) if text}
    for entry in entries:
        if "not_meant" in entry:
            unfold(entry, words)
    return entries


def unfold(entry: dict[str, Any], words: Mapping[str, Any]) -> None:
    """The names and reasons of rules that were not meant, into `skipped`."""
    but = set(entry.pop("not_meant_but", ()))
    count = entry.pop("not_meant_count")
    found: dict[str, dict[str, None]] = {}
    for id in entry.pop("not_meant"):
        for group in words.get(id, {}).get("skipped", ()):
            reason = said_of(entry["conference"], group["reason"])
            rules = found.setdefault(reason, {})
            rules |= {rule: None for rule in group["rules"] if rule not in but}
    groups = [{"reason": reason, "rules": list(rules)} for reason, rules in found.items() if rules]
    if groups:
        entry["skipped"] = [*entry.get("skipped", ()), *groups]
    more = count - sum(len(group["rules"]) for group in groups)
    if more > 0 or "skipped_more" in entry:
        entry["skipped_more"] = entry.get("skipped_more", 0) + max(0, more)
