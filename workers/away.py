"""Saying that Redis is away: once in a while for the whole process, however many threads see it."""

import logging
import threading
import time

from redis.exceptions import RedisError

log = logging.getLogger("gavel.worker")

TELL_SECONDS = 5.0


class Away:
    """Thread-safe."""

    def __init__(self) -> None:
        self._until = 0.0
        self._lock = threading.Lock()

    def tell(self, error: RedisError) -> None:
        """Log it, unless something was logged within `TELL_SECONDS`: threads see different errors
        of one and the same absence."""
        now = time.monotonic()
        with self._lock:
            if now < self._until:
                return
            self._until = now + TELL_SECONDS
        log.warning("redis is away: %s", error)
