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
        self._told = ""
        self._until = 0.0
        self._lock = threading.Lock()

    def tell(self, error: RedisError) -> None:
        """Log it, unless the same was the last to be logged, within `TELL_SECONDS`."""
        text, now = str(error), time.monotonic()
        with self._lock:
            if text == self._told and now < self._until:
                return
            self._told, self._until = text, now + TELL_SECONDS
        log.warning("redis is away: %s", text)
