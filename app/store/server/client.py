"""redis-py's client, without what it measures of itself at every command.

Its own way to a command notes times and errors for OpenTelemetry whether or not anybody looks:
half of what a command costs in Python. Here it is sent and answered over a connection of the
pool, and only what fails goes the library's way of trying again.
"""

from typing import Any

from redis import Redis
from redis.exceptions import RedisError


class Client(Redis):
    """Safe for threads, as far as its pool is."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """The answer of one command. Raises RedisError."""
        if self.connection:  # bound to one connection: the library's own business
            library: Any = super()  # it leaves its methods without types
            return library.execute_command(*args, **options)
        pool: Any = self.connection_pool
        connection = pool.get_connection()
        try:
            return self._ask(connection, args, options)
        finally:
            pool.release(connection)

    def _ask(self, connection: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        parse: Any = self.parse_response

        def once() -> Any:
            connection.send_command(*args, **options)
            return parse(connection, args[0], **options)

        try:
            return once()
        except (RedisError, OSError) as error:
            first = [error]

            def again() -> Any:
                if first:
                    raise first.pop()
                return once()

            return connection.retry.call_with_retry(again, lambda _: connection.disconnect())
