"""Steps that count only once a replica has them (`DURABILITY=replica`).

A failover throws away what the replica that is promoted had not received. So whoever is about to
say or do something outside because of a write (to answer 200, to make a call) first has a replica
confirm that write. The confirmation is of the connection that wrote: over another one, the primary
that came after would confirm what only the one before it had.
"""

import time
from collections.abc import Callable
from threading import Lock
from typing import Any

from redis.client import Pipeline
from redis.exceptions import RedisError

from app.store import keys
from app.store.server.client import Client

REPLICAS = 1
LONGEST_SECONDS = 1.0
"""How long a step waits for a replica, and never more than half of `REDIS_TIMEOUT`."""
BRAKE_SECONDS = 0.5
"""After a step that no replica confirmed, how often one tries; the others are refused at once, so
that they hold no connection that calls need."""


class NotReplicated(RedisError):
    """No replica confirmed a step in time. It was done, and may be sent again."""


class ReplicatedRedis(Client):
    """A client whose confirmed steps wait for a replica. Safe for threads."""

    longest_seconds = LONGEST_SECONDS
    brake_seconds = BRAKE_SECONDS

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._lock = Lock()
        self._next_try = 0.0
        self._braked = False

    def confirmed(self, step: Callable[[Pipeline], object]) -> Any:
        """The answer of the one command that `step` puts into the pipeline, once a replica has what
        it wrote, and all that was written before. Raises NotReplicated, or another RedisError."""
        self._pass_brake()
        with self.pipeline(transaction=False) as piped:
            pipe: Any = piped  # the library leaves this class without types
            step(pipe)
            # A repeat may write nothing: then this has what the first one wrote confirmed.
            pipe.set(keys.CONFIRMED, b"", ex=60)
            pipe.execute_command("WAIT", REPLICAS, round(self.longest_seconds * 1000))
            answer, _, replicas = pipe.execute()
        with self._lock:
            self._braked = replicas < REPLICAS
            self._next_try = time.monotonic() + self.brake_seconds
        if replicas < REPLICAS:
            raise NotReplicated("no replica confirmed it")
        return answer

    def _pass_brake(self) -> None:
        with self._lock:
            now = time.monotonic()
            if self._braked and now < self._next_try:
                raise NotReplicated("no replica confirmed the step before it")
            self._next_try = now + self.longest_seconds + self.brake_seconds
