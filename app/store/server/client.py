"""redis-py's client, without what it measures of itself at every command.

Its own way to a command notes times and errors for OpenTelemetry whether or not anybody looks:
half of what a command costs in Python. Here it is sent and answered over a connection of the
pool, and only what fails goes the library's way of trying again.
"""

from functools import cache, cached_property
from typing import Any

from hiredis import pack_command
from redis import Redis
from redis.exceptions import RedisError

from app.store.server.cluster import Shard
from app.store.server.tagged import PROLOGUE, Tagging

SCRIPT = "EVALSHA"
"""The command of every event. Its arguments are texts, bytes and numbers, and nothing is made of
its answer."""


class Client(Redis):
    """Safe for threads, as far as its pool is. `shard`: where its keys are in a Cluster."""

    @cached_property
    def shard(self) -> Shard | None:
        found: Shard | None = self.connection_pool.connection_kwargs.get("shard")
        return found

    @cached_property
    def tagging(self) -> Tagging | None:
        """What it puts in front of keys."""
        pool: Any = self.connection_pool
        found: Tagging | None = getattr(pool, "tagging", None)
        return found

    def register_script(self, script: Any) -> Any:
        """A script, ours or RQ's, that names keys as everybody does."""
        if self.tagging is not None:
            script = _fronted(script)
        library: Any = super()  # it leaves its methods without types
        return library.register_script(script)

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """The answer of one command. Raises RedisError."""
        if self.connection:  # bound to one connection: the library's own business
            library: Any = super()  # it leaves its methods without types
            return library.execute_command(*args, **options)
        pool: Any = self.connection_pool
        connection = pool.get_connection()
        try:
            return self._ask(connection, args, options)
        except RedisError:
            raise
        except BaseException:  # its answer may still come, and would be taken for another's
            connection.disconnect()
            raise
        finally:
            pool.release(connection)

    def _ask(self, connection: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        try:
            return self._once(connection, args, options)
        except (RedisError, OSError) as error:
            return self._again(connection, args, options, error)

    def _once(self, connection: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        if args[0] == SCRIPT:
            sent = args if self.tagging is None else tuple(self.tagging.command(args))
            connection.send_packed_command((pack_command(sent),))
            return connection.read_response()
        connection.send_command(*args, **options)
        parse: Any = self.parse_response
        return parse(connection, args[0], **options)

    def _again(
        self, connection: Any, args: tuple[Any, ...], options: dict[str, Any], error: Exception
    ) -> Any:
        """What the library makes of this error: it is raised, or the command tried once more."""
        first = [error]

        def again() -> Any:
            if first:
                raise first.pop()
            return self._once(connection, args, options)

        return connection.retry.call_with_retry(again, lambda _: connection.disconnect())


@cache
def _fronted(script: str | bytes) -> str:
    """One text for all accounts."""
    return PROLOGUE + (script.decode() if isinstance(script, bytes) else script)
