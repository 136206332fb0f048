"""A line to Redis that the web server's loop waits for with everything else.

Steps that are asked for in the same round of the loop leave together, and their answers come in
order. One that is not answered well (an error, a lost connection, no answer in time) is given back
to who asked, to be done by a thread; the line itself repeats nothing. Used in the loop alone, but
for `_connect`, which has a thread.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from hiredis import pack_command
from redis import Redis
from redis.exceptions import (
    MasterDownError,
    NoScriptError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import TimeoutError as RedisTimeoutError

from app.store.scripts import source, text_for
from app.store.server.client import SCRIPT
from app.store.server.cluster import ShardDown, SlotElsewhere
from app.store.server.tagged import PROLOGUE, Tagging

MOST_UNDER_WAY = 64 * 1024
"""Bytes that were sent and not answered: the kernel holds so many, so sending never waits for a
Redis that stands still. What comes meanwhile leaves together when answers came."""

AGAIN_SECONDS = 0.5
"""Between two tries to connect."""

OF_ALL_STEPS = (NoScriptError, ReadOnlyError, MasterDownError, SlotElsewhere, ShardDown)
"""Errors that say that the line is of no use; others are of the one step that has them."""

IDLE_SECONDS = 10.0
"""A line that was not used for so long is tried: a firewall may have forgotten it."""

Then = Callable[[Any], None]
"""Told the answer of a step, None when there was none."""


class Loop(Protocol):
    """What the line needs of the loop that waits for it."""

    def watch_line(self, number: int, then: Callable[[Any], None]) -> None:
        """Call this whenever the file of that number can be read."""

    def unwatch_line(self, number: int) -> None:
        """No more."""

    def later(self, work: Callable[..., None], *arguments: Any) -> None:
        """From any thread: call this in the loop."""


@dataclass(slots=True)
class _Step:
    packed: Sequence[bytes]
    size: int
    then: Then
    sent: float = 0.0


class Line:
    """One connection of the client's, for the steps of one script."""

    def __init__(self, redis: Redis, script: str, loop: Loop, *, spaces: bool = False) -> None:
        """`spaces`: it is used for accounts, too."""
        self._pool: Any = redis.connection_pool
        self._texts, self._loop = [text_for(redis, script)], loop
        if spaces:
            self._texts.append(PROLOGUE + source(script))
        self._timeout: float = self._pool.connection_kwargs["socket_timeout"]
        self._connection: Any = None
        self._number = -1  # of its socket
        self._sha = self._sha_of_spaces = ""
        self._waiting: deque[_Step] = deque()  # to be sent
        self._sent: deque[_Step] = deque()  # to be answered
        self._under_way = 0  # bytes of these
        self._used = 0.0

    @property
    def is_open(self) -> bool:
        return self._connection is not None

    def open(self) -> None:
        """Connect, in a thread, for as long as it takes."""
        threading.Thread(target=self._connect, name="line", daemon=True).start()

    def ask(
        self, arguments: Sequence[str | int], then: Then, tagging: Tagging | None = None
    ) -> None:
        """Run the script with these arguments; it leaves with the next `flush`. `tagging`: of the
        account whose keys it is about; None: those of the client."""
        sha = self._sha if tagging is None else self._sha_of_spaces
        self._add((SCRIPT, sha, 0, *arguments), then, tagging)

    def flush(self) -> None:
        """Send what waits, as much as may be under way."""
        if not self._waiting or self._under_way >= MOST_UNDER_WAY:
            return
        packed: list[bytes] = []
        now = time.monotonic()
        while self._waiting and self._under_way < MOST_UNDER_WAY:
            step = self._waiting.popleft()
            step.sent = now
            self._sent.append(step)
            self._under_way += step.size
            packed += step.packed
        self._used = now
        try:
            self._connection.send_packed_command([b"".join(packed)], check_health=False)
        except (RedisError, OSError):
            self._close()

    def sweep(self) -> None:
        """Give up a connection that answers nothing; try one that was long idle."""
        if not self.is_open:
            return
        now = time.monotonic()
        if self._sent and now - self._sent[0].sent > self._timeout:
            self._close()
        elif not self._sent and now - self._used > IDLE_SECONDS:
            self._add(("PING",), _nothing)
            self.flush()

    def _add(
        self, command: Sequence[str | int], then: Then, tagging: Tagging | None = None
    ) -> None:
        if tagging is None:
            packed: Sequence[bytes] = self._connection.pack_command(*command)
        else:
            packed = [pack_command(tuple(tagging.command(command)))]
        self._waiting.append(_Step(packed, sum(map(len, packed)), then))

    def _receive(self, _fileobj: Any) -> None:
        """Answers have come, or the connection is lost."""
        if self._connection is None:  # lost in the same round of the loop
            return
        lost = not self._sent  # nothing is to come then but its end
        while self._sent and not lost:
            answer = None
            try:
                answer = self._connection.read_response(disconnect_on_error=False, timeout=0)
            except RedisTimeoutError:
                break  # the rest is still to come
            except ResponseError as error:
                lost = isinstance(error, OF_ALL_STEPS)
            except (RedisError, OSError):
                lost = True
                break
            step = self._sent.popleft()
            self._under_way -= step.size
            step.then(answer)
        if lost:
            self._close()
        else:
            self.flush()

    def _close(self) -> None:
        """Give back all that was asked for, and connect anew."""
        connection, self._connection = self._connection, None
        self._loop.unwatch_line(self._number)
        self._give_back(connection)
        given_up = [*self._sent, *self._waiting]
        self._sent.clear()
        self._waiting.clear()
        self._under_way = 0
        for step in given_up:
            step.then(None)
        self.open()

    def _give_back(self, connection: Any) -> None:
        with suppress(RedisError, OSError):
            connection.disconnect()
        self._pool.release(connection)

    def _connect(self) -> None:
        """In a thread: a connection that knows the script."""
        while True:
            with suppress(RedisError, OSError):
                connection = self._pool.get_connection()
                try:
                    shas = [self._load(connection, text) for text in self._texts]
                    number = connection._get_socket().fileno()
                except BaseException:
                    self._give_back(connection)
                    raise
                self._loop.later(self._connected, connection, number, shas)
                return
            time.sleep(AGAIN_SECONDS)

    @staticmethod
    def _load(connection: Any, text: str) -> str:
        connection.send_command("SCRIPT LOAD", text)
        sha: bytes = connection.read_response()
        return sha.decode()

    def _connected(self, connection: Any, number: int, shas: Sequence[str]) -> None:
        self._connection, self._number = connection, number
        self._sha, self._sha_of_spaces = shas[0], shas[-1]
        self._used = time.monotonic()
        self._loop.watch_line(number, self._receive)


def _nothing(_answer: Any) -> None:
    """What a trial answers is of no interest."""
