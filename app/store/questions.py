"""Questions to a worker, and answers that expire: for processes that know no rules.

A question is JSON in a list; any worker takes it within a second and puts its answer under the
question's id. Every function raises RedisError.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redis import Redis

from app.errors import Busy
from app.store import keys
from app.store.timers import ring

MOST_WAITING = 50
KEPT = 900
"""Seconds from a question, or its answer, until nobody knows of it any more."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and the answer: None while nobody has answered."""

    question: Mapping[str, Any]
    answer: str | None


def ask(redis: Redis, question: Mapping[str, Any]) -> str:
    """The id under which the answer will be. Raises Busy when too many wait."""
    if redis.llen(keys.QUESTIONS) >= MOST_WAITING:
        raise Busy("many questions wait for a worker: ask again in a moment")
    id = secrets.token_urlsafe(12)
    with redis.pipeline(transaction=True) as together:
        together.set(keys.answer(id), json.dumps({"question": question, "answer": None}), ex=KEPT)
        together.rpush(keys.QUESTIONS, json.dumps({"id": id, "question": question}))
        together.expire(keys.QUESTIONS, KEPT)
        together.execute()
    ring(redis)
    return id


def asked(redis: Redis, id: str) -> Asked | None:
    """What became of a question; None when it is not known, or not any more."""
    text: Any = redis.get(keys.answer(id))
    if text is None:
        return None
    found = json.loads(text)
    return Asked(found["question"], found["answer"])


def next_question(redis: Redis) -> tuple[str, Mapping[str, Any]] | None:
    """The one that has waited longest, with its id; it is this caller's to answer."""
    row: Any = redis.lpop(keys.QUESTIONS)
    if row is None:
        return None
    found = json.loads(row)
    return found["id"], found["question"]


def put_answer(redis: Redis, id: str, question: Mapping[str, Any], answer: str) -> None:
    text = json.dumps({"question": question, "answer": answer}, ensure_ascii=False)
    redis.set(keys.answer(id), text, ex=KEPT)
    redis.incr(keys.COMMITS)  # pages look there for news
