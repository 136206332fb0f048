"""Examining Redis: does it do what Gavel asks of it, and does it keep what it is given?"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.exceptions import RedisError, ResponseError

from app.finding import Finding, bad, doubtful, good
from app.logs import step
from app.store.connection import CONNECTIONS
from app.store.inbox import Inbox
from app.store.server.client import Client
from app.store.server.errors import A_CLUSTER, Kind, trouble
from app.store.server.replica import ReplicatedRedis

OLDEST = 7
AGAIN_SECONDS = 1.0
MOST_NODE_TIMEOUT_MS = 5000
_ASKED = (
    *("appendonly", "appendfsync", "maxmemory-policy", "min-replicas-to-write"),
    *("cluster-node-timeout", "cluster-require-full-coverage"),
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What Redis says of itself; empty where its user may not ask."""

    info: Mapping[str, Any]
    config: Mapping[str, str]

    @property
    def appendonly(self) -> bool | None:
        """Is there an append-only file? None: not known."""
        if "aof_enabled" in self.info:
            return bool(self.info["aof_enabled"])
        known = self.config.get("appendonly")
        return None if known is None else known == "yes"

    @property
    def policy(self) -> str | None:
        """The maxmemory-policy; None: not known."""
        return self.config.get("maxmemory-policy") or self.info.get("maxmemory_policy")


def examine(redis: Redis) -> Iterator[Finding]:
    """Everything about this Redis, ok or not. It is asked as the service asks it."""
    try:
        Inbox(redis).probe()
    except RedisError as error:
        yield bad(trouble(error).sentence)
        if not isinstance(error, ResponseError):  # it did not even let us in
            return
    else:
        yield good("it does all that Gavel asks of it")
    try:
        facts = Facts(_read(redis.info), _read(lambda: redis.config_get(*_ASKED)))
    except RedisError as error:
        yield bad(f"it could not be examined: {trouble(error).sentence}")
        return
    yield from _of_facts(redis, facts)


def tell_at_start(redis: Redis, log: logging.Logger) -> None:
    """Log what is bad. Redis being away is told elsewhere."""
    for finding in examine(redis):
        if finding.level == "bad":
            step(log, "Redis is not set up well", level=logging.ERROR, finding=finding.text)


def tell_when_there(redis: Redis, log: logging.Logger) -> None:
    """Wait until Redis does what we need, saying once why it does not, then log what is bad."""
    told = ""
    while True:
        try:
            Inbox(redis).probe()
        except RedisError as error:
            found = trouble(error)
            if found.sentence != told:
                step(log, "waiting", level=found.level, kind=found.kind, reason=found.sentence)
            told = found.sentence
            time.sleep(AGAIN_SECONDS)
        else:
            return tell_at_start(redis, log)


def _read(ask: Callable[[], Any]) -> Mapping[str, Any]:
    """What Redis says; nothing where it may not be asked. Raises RedisError."""
    try:
        said: Mapping[str, Any] = ask()
    except RedisError as error:
        if trouble(error).kind is not Kind.NOT_ALLOWED:
            raise
        return {}
    return said


def _of_facts(redis: Redis, facts: Facts) -> Iterator[Finding]:
    unread = [name for name, said in (("INFO", facts.info), ("CONFIG", facts.config)) if not said]
    if unread:
        yield doubtful(
            f"its user may not run {' and '.join(unread)}: make sure yourself of appendonly yes, "
            "appendfsync always and maxmemory-policy noeviction"
        )
    if facts.info:
        yield _version(facts.info)
    yield from _of_cluster(redis, facts)
    yield from _clients(facts.info)
    yield from _persistence(redis, facts)
    if facts.policy not in (None, "noeviction"):
        yield bad(
            f"maxmemory-policy {facts.policy} throws conferences away when memory is short: set "
            "maxmemory-policy noeviction"
        )
    if isinstance(redis, ReplicatedRedis):
        yield from _confirming(facts.info)
    elif {"primary", "shard"} & redis.get_connection_kwargs().keys():
        yield _replicas(facts.config.get("min-replicas-to-write"))


def _version(info: Mapping[str, Any]) -> Finding:
    name = "Valkey" if "valkey_version" in info else "Redis"
    version = str(info.get("valkey_version") or info.get("redis_version", "0"))
    if int(version.split(".")[0]) < OLDEST:
        return bad(f"{name} {version} is too old: take Redis 7 or Valkey")
    return good(f"{name} {version} answers")


def _of_cluster(redis: Redis, facts: Facts) -> Iterator[Finding]:
    shard = redis.shard if isinstance(redis, Client) else None
    if shard is None:
        if facts.info.get("cluster_enabled"):
            yield bad(A_CLUSTER)
        return
    host, port = shard.place()
    keys = f"Cluster: all keys of the tag {shard.tag} are in slot {shard.slot}, at {host}:{port}"
    replicas = facts.info.get("connected_slaves")
    if replicas == 0:
        yield doubtful(f"{keys}; it has no replica, so nothing takes its place when it dies")
    else:
        yield good(keys)
    timeout = int(facts.config.get("cluster-node-timeout", 0))
    if timeout > MOST_NODE_TIMEOUT_MS:
        yield doubtful(
            f"cluster-node-timeout is {timeout} ms: a primary that dies is missed for longer than "
            "that, and callbacks are answered 503 meanwhile: set 2000"
        )
    if facts.config.get("cluster-require-full-coverage") == "yes":
        yield doubtful(
            "cluster-require-full-coverage is yes: when any other shard is lost, this one stops, "
            "too: set no"
        )


def _clients(info: Mapping[str, Any]) -> Iterator[Finding]:
    most, now = info.get("maxclients"), info.get("connected_clients", 0)
    if most is not None and most - now < CONNECTIONS:
        yield doubtful(
            f"maxclients is {most}, and {now} are connected: a process of Gavel needs up to "
            f"{CONNECTIONS} connections"
        )


def _persistence(redis: Redis, facts: Facts) -> Iterator[Finding]:
    if facts.appendonly is False:
        yield bad(
            "persistence is off: what was answered 200 is lost when Redis ends: set appendonly yes"
        )
    elif fsync := facts.config.get("appendfsync"):
        yield _fsync(redis, fsync)


def _fsync(redis: Redis, policy: str) -> Finding:
    if policy == "always":
        return good("appendonly yes, appendfsync always: what was answered 200 is on disk")
    if policy == "no" and isinstance(redis.get_connection_kwargs().get("path"), str):
        return good("appendonly yes: what was answered 200 survives any kill; on disk within 1 s")
    if policy == "no":
        return doubtful("appendfsync no: a power cut may lose half a minute. appendfsync always")
    return doubtful(
        f"appendfsync {policy}: a power cut, and now and then a killed Redis, lose the last "
        "second or two of what was answered 200. appendfsync always"
    )


def _confirming(info: Mapping[str, Any]) -> Iterator[Finding]:
    yield good("a replica has each event before it is answered 200 (DURABILITY=replica)")
    if info.get("connected_slaves") == 1:
        yield doubtful("it has one replica: while that is away, every callback is answered 503")


def _replicas(number: str | None) -> Finding:
    why = (
        "a primary that only its Sentinels, replicas or other nodes cannot reach takes events "
        "that are thrown away: set min-replicas-to-write 1 and min-replicas-max-lag 1"
    )
    if number is None:
        return doubtful(f"make sure of min-replicas-to-write: without it, {why}")
    if number == "0":
        return doubtful(f"min-replicas-to-write is 0: {why}")
    return good(f"min-replicas-to-write {number}: a primary without replicas takes no writes")
