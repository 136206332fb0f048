"""The primary behind Sentinel: which server it is now, and none while a failover is under way.

A demoted primary goes on answering "OK" for about ten seconds, until Sentinel makes it a replica,
and all that it took meanwhile is thrown away then. So nobody may keep a connection to it: every
process listens to each Sentinel, and asks it twice a second. The Sentinel that carries a failover
out tells it 0.1 to 0.3 s before the other server takes over; from then on no command is sent at all
(callbacks are answered 503, and Plivo repeats them) until the new primary is named
(docs/decisions/0130).
"""

import logging
import os
import socket
import threading
import time
import weakref
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from redis import Connection, Redis, SSLConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.sentinel import MasterNotFoundError

from app.logs import step
from app.store.server.spaces import Fronted

log = logging.getLogger("gavel.sentinel")

EVENTS = ("*failover*", "*promoted*", "*switch-master", "*odown")
"""What a Sentinel publishes when a failover begins, goes on and ends."""
LOOK_SECONDS = 0.5
"""How often a Sentinel is asked when it tells nothing."""
KNOWN_SECONDS = 10.0
"""How long the newest word counts after the last Sentinel that said it has fallen silent."""
FIRST_SECONDS = 2.0
"""How long the first connection of a process waits for the first word."""

Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Word:
    """What one Sentinel says. The word with the highest `epoch` is the newest. `closed`: this
    primary is down for the Sentinels, or about to be replaced."""

    place: Place
    epoch: int
    closed: bool


def newest(words: Iterable[Word]) -> Word | None:
    """The word to act by: of those that are equally new, one that closes the primary."""
    return max(words, key=lambda word: (word.epoch, word.closed), default=None)


class Watch:
    """What the Sentinels of a service say, in one process. Safe for threads."""

    def __init__(self, sentinels: int) -> None:
        self.pid = os.getpid()
        self._sentinels = sentinels
        self._heard = threading.Condition()
        self._words: dict[int, Word | None] = {}
        self._known: Word | None = None
        self._known_at = float("-inf")
        self._problem = ""
        self._serves: Place | None = None
        self._connections = weakref.WeakSet[PrimaryConnection]()

    def place(self) -> Place:
        """Where to connect now. Raises MasterNotFoundError during a failover, and when no Sentinel
        knows."""
        with self._heard:
            self._heard.wait_for(
                lambda: self._known or len(self._words) == self._sentinels, FIRST_SECONDS
            )
            return self._place()

    def connected(self, connection: "PrimaryConnection") -> None:
        """Keep in mind who is connected. Raises ConnectionError where the primary is another one
        by now."""
        with self._heard:
            self._connections.add(connection)
            if (connection.host, connection.port) == self._place():
                return
        raise RedisConnectionError("the primary has changed meanwhile")

    def hear(self, number: int, word: Word | None, problem: str = "") -> None:
        """What a Sentinel says now; None: it says nothing. Cuts all connections off where another
        server, or none, is the primary now."""
        with self._heard:
            self._words[number] = word
            self._problem = problem or self._problem
            self._take(newest(word for word in self._words.values() if word))
            self._heard.notify_all()
            known = self._known
            serves = None if known is None or known.closed else known.place
            if known is None or serves == self._serves:
                return
            self._serves = serves
            cut = list(self._connections)
        for connection in cut:
            connection.cut()
        if serves is None:
            log.warning("Redis fails over: nothing is stored until Sentinel names the new primary")
        else:
            step(log, "Redis' primary", host=serves[0], port=serves[1])

    def _take(self, word: Word | None) -> None:
        """The newest word, never an older one as long as somebody may still say the newer one: a
        Sentinel hears of a failover seconds after another one carried it out."""
        now = time.monotonic()
        silent = now - self._known_at > KNOWN_SECONDS
        if word and (self._known is None or word.epoch >= self._known.epoch or silent):
            self._known, self._known_at = word, now
        elif silent:
            self._known = None

    def _place(self) -> Place:
        if self._known is None:
            raise MasterNotFoundError(self._problem or "no Sentinel answers")
        if self._known.closed:
            raise MasterNotFoundError("a failover is under way, no new primary is named yet")
        return self._known.place


class Primary:
    """The primary of a service. A thread for each Sentinel asks from the first connection on, in
    each process that connects; they end with this object. Safe for threads and for fork."""

    def __init__(self, service: str, sentinels: Sequence[Redis]) -> None:
        self.service, self.sentinels = service, sentinels
        self._starting = threading.Lock()
        self._watch: Watch | None = None

    def watch(self) -> Watch:
        """This process' watch, started where there is none."""
        with self._starting:
            if self._watch is None or self._watch.pid != os.getpid():
                self._watch = Watch(len(self.sentinels))
                for number, sentinel in enumerate(self.sentinels):
                    arguments = (weakref.ref(self._watch), number, sentinel, self.service)
                    threading.Thread(target=_ask_forever, args=arguments, daemon=True).start()
            return self._watch


class PrimaryConnection(Fronted, Connection):
    """A connection to the primary, asked for whenever it is made or made again: made while one is
    known, cut when it is another one."""

    def __init__(self, *, primary: Primary, **options: Any) -> None:
        self._primary = primary
        library: Any = super()  # it leaves its methods without types
        library.__init__(**options)

    def connect_check_health(
        self, check_health: bool = True, retry_socket_connect: bool = True
    ) -> None:
        """Every way of the library to connect ends here; those of its own Sentinel connection do
        not, so a command that is tried again over a lost connection goes to the old primary."""
        if self._sock:
            return
        watch = self._primary.watch()
        self.host, self.port = watch.place()
        library: Any = super()
        library.connect_check_health(check_health, retry_socket_connect)
        try:
            watch.connected(self)
        except RedisConnectionError:
            library.disconnect()
            raise

    def cut(self) -> None:
        """From any thread: whoever waits for an answer here sees the connection lost, and nobody
        is lent it before it was looked at (`app.store.server.pool`)."""
        self.next_health_check = 0
        if (open_socket := self._sock) is not None:
            with suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)


class PrimaryTlsConnection(PrimaryConnection, SSLConnection):
    """The same over TLS."""


def ask(sentinel: Redis, service: str) -> Word:
    """What this Sentinel says. Raises RedisError."""
    execute: Any = sentinel.execute_command
    state = execute("SENTINEL MASTER", service)
    host, port = execute("SENTINEL GET-MASTER-ADDR-BY-NAME", service)
    place = host.decode(), port
    waits = "failover_in_progress" in state["flags"] or "o_down" in state["flags"]
    # Once the other server has taken over, only the second answer names it already.
    still = place == (state["ip"], state["port"])
    return Word(place, state["config-epoch"], waits and still)


def _ask_forever(
    watching: "weakref.ref[Watch]", number: int, sentinel: Redis, service: str
) -> None:
    client: Any = sentinel  # the library leaves its methods without types
    events = client.pubsub(ignore_subscribe_messages=True)
    while True:
        word, problem = None, ""
        try:
            if not events.subscribed:
                events.psubscribe(*EVENTS)
            word = ask(sentinel, service)
        except RedisError as error:
            problem = f"Sentinel: {error}"
        except Exception:  # a thread that ends would not see the next failover
            log.exception("Sentinel gave an answer that can not be read")
        watch = watching()
        if watch is None:
            events.close()
            return
        watch.hear(number, word, problem)
        del watch
        _wait_for_event(events, word is not None)


def _wait_for_event(events: Any, answers: bool) -> None:
    """Until this Sentinel tells of a failover, and for `LOOK_SECONDS` at the most."""
    if answers:
        with suppress(RedisError):
            events.get_message(timeout=LOOK_SECONDS)
            return
    time.sleep(LOOK_SECONDS)
