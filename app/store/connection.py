"""The client of Redis, from a URL. Nothing connects before the first command."""

from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from redis import ConnectionPool, Redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry
from redis.sentinel import Sentinel

HEALTH_CHECK_SECONDS = 15
MAX_CONNECTIONS = 512
PASSING = (RedisConnectionError, RedisTimeoutError, OutOfMemoryError, ReadOnlyError)
PASSING_WORDS = ("MISCONF", "NOREPLICAS", "MASTERDOWN", "CLUSTERDOWN", "BUSY")


def connect(url: str, *, timeout: float = 2.0) -> Redis:
    """A thread-safe client for `redis://`, `rediss://`, `unix://`, or Sentinel's
    `redis+sentinel://[user:password@]host[:port],host[:port]/service[/db][?sentinel_password=…]`.

    Every command answers or raises within `timeout` seconds (connecting not counted); only a
    connection that went away is tried once more. One that was idle for 15 s is tested first.
    Raises ValueError for a URL of another form.
    """
    options: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "socket_keepalive": True,
        "health_check_interval": HEALTH_CHECK_SECONDS,
        "max_connections": MAX_CONNECTIONS,
        "retry": Retry(
            ExponentialWithJitterBackoff(cap=0.1, base=0.01),
            1,
            supported_errors=(RedisConnectionError,),
        ),
    }
    parts = urlsplit(url)
    if parts.scheme == "redis+sentinel":
        return _by_sentinel(parts, options)
    if parts.scheme == "unix":
        options.pop("socket_keepalive")
    return Redis(connection_pool=ConnectionPool.from_url(url, **options))


def may_pass(error: RedisError) -> bool:
    """Whether Redis was only away, loading, full or not writable: the same step may succeed later.
    Such an answer means that nothing of the step was done."""
    return isinstance(error, PASSING) or str(error).startswith(PASSING_WORDS)


def _by_sentinel(parts: SplitResult, options: dict[str, Any]) -> Redis:
    """The master that the Sentinels name; asked again after every lost connection."""
    login, _, hosts = parts.netloc.rpartition("@")
    username, _, password = login.rpartition(":")
    service, _, database = parts.path.strip("/").partition("/")
    if not service or not hosts or not (database or "0").isdigit():
        raise ValueError("redis+sentinel://host:port,host:port/service/db is the form")
    extra = dict(parse_qsl(parts.query))
    sentinels: Any = Sentinel  # the library leaves this class without types
    sentinel = sentinels(
        [_address(host) for host in hosts.split(",")],
        sentinel_kwargs={
            "socket_timeout": options["socket_timeout"],
            "socket_connect_timeout": options["socket_connect_timeout"],
            "password": extra.get("sentinel_password"),
        },
    )
    master: Redis = sentinel.master_for(
        service,
        db=int(database or 0),
        username=unquote(username) or None,
        password=unquote(password) or None,
        **options,
    )
    return master


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":") if ":" in text else (text, "", "26379")
    if not host or not port.isdigit():
        raise ValueError(f"{text} is not host:port")
    return host, int(port)
