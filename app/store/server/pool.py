"""redis-py's pool of connections, without what it measures and asks each time one is lent.

A connection that answered within the last second is lent as it is. Should it be lost all the same,
the first command says so and is tried over a new one (`app.store.server.client`), as with one
that is lost a moment after it was looked at. All others go the library's way.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Full, LifoQueue
from typing import Any

from redis import BlockingConnectionPool

from app.store.server.tagged import Tagging

WARM_SECONDS = 1.0


class Idle(LifoQueue[Any]):
    """The connections that nobody uses, the last one first; None stands for one to be made."""

    def pop_if(self, fits: Callable[[Any], bool]) -> Any:
        """The next one, if it fits; else None, and it stays."""
        with self.mutex:
            return self.queue.pop() if self.queue and fits(self.queue[-1]) else None

    def put_nowait(self, item: Any) -> None:
        with self.mutex:
            if len(self.queue) >= self.maxsize:
                raise Full
            self.queue.append(item)
            self.not_empty.notify()


class Pool(BlockingConnectionPool):
    """Whoever finds all connections taken waits as long as for an answer. Safe for threads and for
    fork. `tagging`: what its connections put in front of keys."""

    pool: Idle

    def __init__(self, most: int, seconds: float, **options: Any) -> None:
        shard = options.get("shard")
        self.tagging: Tagging | None = shard.tagging if shard else None
        library: Any = super()  # it leaves its methods without types
        library.__init__(most, seconds, queue_class=Idle, **options)

    def get_connection(self, *_: Any, **__: Any) -> Any:
        warm = self.pool.pop_if(_is_warm) if self.pid == os.getpid() else None
        library: Any = super()
        return library.get_connection() if warm is None else warm

    def release(self, connection: Any) -> None:
        if connection.pid != self.pid or connection.should_reconnect():
            library: Any = super()
            library.release(connection)
            return
        with suppress(Full):  # it is of a pool that was emptied meanwhile
            self.pool.put_nowait(connection)


def _is_warm(connection: Any) -> bool:
    """It is connected, and has answered lately: each answer puts off the next trial."""
    if connection is None or not connection.is_connected:
        return False
    answered = connection.next_health_check - connection.health_check_interval
    return bool(time.monotonic() < answered + WARM_SECONDS)
