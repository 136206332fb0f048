"""Which processes of Gavel live: each gives a sign of life with what it is and has."""

import json
import os
import secrets
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from redis import Redis

from app.domain.moments import moment_of
from app.store import keys
from app.store.scripts import script
from app.store.server.clock import redis_time

ALIVE_SECONDS = 15.0
EVERY_SECONDS = 5.0
"""So often a web process gives one; a worker does each second."""
VERSION = "gavel_version"
"""The field of what RQ keeps of a worker by which one of ours tells its version."""
KINDS = {"worker": keys.WORKER_BEATS, "web": keys.WEB_BEATS}


@dataclass(frozen=True, slots=True)
class Process:
    """One that lives. `since` and `seen_at` are in seconds since the epoch, 0 where an older
    version does not tell; `rules` is the digest of those that it works by, "" for none."""

    kind: str
    host: str
    pid: int
    version: str
    since: float
    rules: str
    seen_at: float


class Beats:
    """Signs of life of this process, made after it was forked."""

    def __init__(self, redis: Redis, kind: str) -> None:
        self._beat = script(redis, "beat")
        self._hash = KINDS[kind]
        host = socket.gethostname()
        self._name = f"{host}-{secrets.token_hex(4)}"
        self._redis = redis
        self._is = {"host": host, "pid": os.getpid(), "version": version("gavel")}

    def beat(self, rules: str, **has: object) -> None:
        """Give one, with the digest of its rules and what else it has. Raises RedisError."""
        if "since" not in self._is:
            self._is["since"] = round(redis_time(self._redis), 3)
        self._beat(self._hash, self._name, json.dumps({**self._is, "rules": rules, **has}))


def living(redis: Redis) -> Sequence[Process]:
    """All that gave a sign within `ALIVE_SECONDS`, and the copiers of recordings that RQ takes for
    alive; workers first, by host. Raises RedisError."""
    with redis.pipeline(transaction=False) as together:
        together.time()
        for beats in KINDS.values():
            together.hgetall(beats)
        told: Any = together.execute()
    now = told[0][0] + told[0][1] / 1e6
    found = [
        one
        for kind, beats in zip(KINDS, told[1:], strict=True)
        for one in _read(kind, beats)
        if now - one.seen_at < ALIVE_SECONDS
    ]
    found += _copiers(redis, now)
    return sorted(found, key=lambda one: (one.kind != "worker", one.host, one.since, one.pid))


def _read(kind: str, beats: dict[bytes, bytes]) -> Iterator[Process]:
    for name, row in beats.items():
        at, _, text = row.partition(b" ")
        has = json.loads(text)
        yield Process(
            kind,
            str(has.get("host") or name.decode().rpartition("-")[0]),
            int(has.get("pid", 0)),
            str(has.get("version", "")),
            float(has.get("since", 0.0)),
            str(has.get("rules", "")),
            float(at),
        )


def _copiers(redis: Redis, now: float) -> Iterator[Process]:
    """They work by RQ's own loop: what it keeps of each is gone when it has not reported lately."""
    names: Any = redis.smembers(keys.COPIERS)
    with redis.pipeline(transaction=False) as together:
        for name in names:
            together.hgetall(name)
        rows: Any = together.execute()
    for row in rows:
        has = {key.decode(): value.decode("utf-8", "replace") for key, value in row.items()}
        if has.get("birth"):
            since = moment_of(has["birth"], "birth", 0.0)
            pid, version = int(has.get("pid") or 0), has.get(VERSION, "")
            yield Process("recordings", has.get("hostname", ""), pid, version, since, "", now)
