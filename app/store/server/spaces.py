"""Spaces: many accounts in one Redis, each with keys of its own, over the same few connections.

A client of a space is used as any other. Its pool lends the connections of the service's pool and
tells each, for that while, what to put in front of keys (`app.store.server.tagged`,
docs/decisions/0207).
"""

import threading
from collections.abc import Collection
from typing import Any

from redis import Connection, Redis, SSLConnection, UnixDomainSocketConnection

from app.store.server.tagged import Tagging


class Fronted:
    """A connection that puts what `tagging` says in front of the keys of all that goes through it;
    None: nothing. For the front of a connection class of the library."""

    tagging: Tagging | None = None
    _answer: Any = None

    def send_command(self, *args: Any, **options: Any) -> None:
        library: Any = super()  # it leaves its methods without types
        tagging = self.tagging
        if tagging is None:
            library.send_command(*args, **options)
            return
        library.send_command(*tagging.command(args), **options)
        self._answer = tagging.answer_of(args)

    def pack_command(self, *args: Any) -> Any:
        library: Any = super()
        return library.pack_command(*(self.tagging.command(args) if self.tagging else args))

    def pack_commands(self, commands: Any) -> Any:
        library: Any = super()
        tagging = self.tagging
        return library.pack_commands(
            [tagging.command(args) for args in commands] if tagging else commands
        )

    def read_response(self, *args: Any, **options: Any) -> Any:
        library: Any = super()
        answer, self._answer = self._answer, None  # an error is an answer, too
        found = library.read_response(*args, **options)
        if self.tagging is None:
            return found
        if options.get("push_request"):
            return self.tagging.message(found)
        return answer(found) if answer else found


class PlainConnection(Fronted, Connection):
    """Over TCP."""


class TlsConnection(Fronted, SSLConnection):
    """The same over TLS."""


class SocketConnection(Fronted, UnixDomainSocketConnection):
    """Over a Unix socket."""


FRONTED = {
    Connection: PlainConnection,
    SSLConnection: TlsConnection,
    UnixDomainSocketConnection: SocketConnection,
}
"""For each kind of connection of the library, ours."""


class SpacePool:
    """The connections of another pool, lent for one space. What is not here is that pool's."""

    def __init__(self, pool: Any, tagging: Tagging) -> None:
        self._pool, self.tagging = pool, tagging

    def get_connection(self, *_: Any, **__: Any) -> Any:
        connection = self._pool.get_connection()
        connection.tagging = self.tagging
        return connection

    def release(self, connection: Any) -> None:
        connection.tagging = self._pool.tagging
        self._pool.release(connection)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)


class Spaces:
    """The clients of the spaces beside `redis`, each made once. Safe for threads."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._lock = threading.Lock()
        self._made: dict[str, Redis] = {}

    def of(self, name: str) -> Redis:
        """The client of that space; "" is `redis` itself."""
        if not name:
            return self._redis
        with self._lock:
            if name not in self._made:
                self._made[name] = in_space(self._redis, name)
            return self._made[name]

    def keep_only(self, names: Collection[str]) -> None:
        """Forget the clients of all others."""
        with self._lock:
            for gone in self._made.keys() - set(names):
                del self._made[gone]


def in_space(redis: Redis, name: str) -> Redis:
    """A client of that space over the connections of `redis`, which is of none."""
    pool: Any = redis.connection_pool
    tag = pool.tagging.tag if pool.tagging else ""
    lent: Any = SpacePool(pool, Tagging(tag, name))  # of the library's pools in all but its class
    client = type(redis)(connection_pool=lent)
    client.auto_close_connection_pool = False
    return client


def space_of(redis: Redis) -> str:
    """The space that this client is of; "" for none."""
    tagging: Tagging | None = getattr(redis.connection_pool, "tagging", None)
    return tagging.space if tagging else ""
