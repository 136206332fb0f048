"""The client of Redis, from a URL. Nothing connects before the first command."""

from typing import Any

from redis import Connection, Redis, SSLConnection
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import MasterDownError, ReadOnlyError
from redis.retry import Retry
from redis.sentinel import Sentinel

from app.store.server.address import Address, read_address
from app.store.server.client import Client
from app.store.server.cluster import (
    Shard,
    ShardConnection,
    ShardDown,
    ShardTlsConnection,
    SlotElsewhere,
)
from app.store.server.pool import Pool
from app.store.server.primary import Primary, PrimaryConnection, PrimaryTlsConnection
from app.store.server.replica import ReplicatedRedis
from app.store.server.spaces import FRONTED, in_space

HEALTH_CHECK_SECONDS = 15
CONNECTIONS = 8
"""The most that one process holds, however many threads it has: a command takes a fraction of a
millisecond, and who finds all of them taken waits for the next."""
ASKED_SECONDS = 1.0
"""A Sentinel, or a node that is asked where our slot is, that takes longer to answer is taken for
silent: the others know as much."""
ELSEWHERE = (RedisConnectionError, ReadOnlyError, MasterDownError, SlotElsewhere, ShardDown)
"""Errors after which the connection is dropped and the step is tried once more over a new one,
whose address is resolved anew: nothing of the step was done, or it may be done twice."""


def connect(url: str, *, timeout: float = 2.0, replicated: bool = False) -> Redis:
    """A thread-safe client for an address as `app.store.server.address` reads it.

    Every command answers or raises within `timeout` seconds (connecting, and waiting for one of the
    `CONNECTIONS`, not counted), unless the URL has a `socket_timeout` of its own. One whose
    connection went away, or whose server is no primary any more, is tried once more over a new
    connection. A connection that was idle for 15 s is tested first. `replicated`: confirmed steps
    wait for a replica (`app.store.server.replica`). Raises ValueError for a URL that is none.
    """
    address = read_address(url)
    options: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "health_check_interval": HEALTH_CHECK_SECONDS,
        "retry": _retry(),
        **address.options,
    }
    if "path" not in options:
        options.setdefault("socket_keepalive", True)
    pool = _pool_of(address, options)
    kind = ReplicatedRedis if replicated else Client
    client: Redis = kind(connection_pool=pool)
    if address.space:
        client = in_space(client, address.space)
    client.auto_close_connection_pool = True  # as `from_pool` does, which makes no other class
    if isinstance(client, ReplicatedRedis):
        client.longest_seconds = min(client.longest_seconds, options["socket_timeout"] / 2)
    return client


class RqRedis(Client):
    """What RQ's own command takes, to look into our queues wherever they are:
    `rq info --connection-class app.store.connection.RqRedis --url "$REDIS_URL"`."""

    @classmethod
    def from_url(cls, url: str, **_: Any) -> Redis:
        return connect(url)


def _pool_of(address: Address, options: dict[str, Any]) -> Pool:
    if address.service:
        return _by_sentinel(address, options)
    if address.nodes:
        return _by_cluster(address, options)
    kind = FRONTED[options.pop("connection_class", Connection)]
    return _pool(connection_class=kind, **options)


def _by_sentinel(address: Address, options: dict[str, Any]) -> Pool:
    """The primary that the Sentinels name (`app.store.server.primary`)."""
    of_sentinels = _asking(options, "health_check_interval", "protocol")
    sentinels: Any = Sentinel  # the library leaves this class without types
    manager = sentinels(
        address.sentinels,
        sentinel_kwargs=of_sentinels
        | {"retry": _retry(), "ssl": address.tls}
        | dict(address.sentinel_login),
    )
    return _pool(
        connection_class=PrimaryTlsConnection if address.tls else PrimaryConnection,
        primary=Primary(address.service, manager.sentinels),
        **options,
    )


def _by_cluster(address: Address, options: dict[str, Any]) -> Pool:
    """The primary of our slot that the nodes name (`app.store.server.cluster`)."""
    shard = Shard(
        address.tag,
        address.nodes,
        SSLConnection if address.tls else Connection,
        **_asking(options, "username", "password", "protocol"),
    )
    kind = ShardTlsConnection if address.tls else ShardConnection
    return _pool(connection_class=kind, shard=shard, **options)


def _asking(options: dict[str, Any], *shared: str) -> dict[str, Any]:
    """The options of connections over which one only asks where to connect."""
    found = {
        name: value for name, value in options.items() if name in shared or name.startswith("ssl_")
    }
    for name in ("socket_timeout", "socket_connect_timeout"):
        found[name] = min(options[name], ASKED_SECONDS)
    return found


def _pool(**options: Any) -> Pool:
    """Whoever finds all connections taken waits as long as for an answer."""
    return Pool(CONNECTIONS, options["socket_timeout"], **options)


def _retry() -> Retry:
    backoff = ExponentialWithJitterBackoff(cap=0.1, base=0.01)
    return Retry(backoff, 1, supported_errors=ELSEWHERE)
