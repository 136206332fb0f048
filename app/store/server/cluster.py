"""The primary of our slot in a Cluster: asked of its nodes at each connect.

All keys of one Gavel are in one slot (`app.store.server.tagged`), so it works with one primary at a
time, as behind Sentinel. A node of a Cluster refuses by itself what is not its own: a demoted or
moved primary answers MOVED, one that the others can not reach CLUSTERDOWN. So nobody has to watch
it: whoever is refused, or loses the connection, asks where the slot is now.
"""

import logging
from collections.abc import Sequence
from typing import Any

from redis import Connection, SSLConnection
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from app.logs import step
from app.store.server.primary import Place
from app.store.server.spaces import Fronted
from app.store.server.tagged import Tagging

log = logging.getLogger("gavel.cluster")


NOT_LOCAL = "access a non local key"
BY_KEY = "the slot is moved key by key"


class SlotElsewhere(ResponseError):
    """The slot is at another node, or on its way there: nothing of the step was done."""


class ShardDown(ResponseError):
    """The cluster, or our part of it, is down: nothing of the step was done."""


class ScriptsRefused(ResponseError):
    """The node refuses every script before its first key: nothing of the step was done."""


class NoCluster(RedisError):
    """This server is in no Cluster."""


class Shard:
    """Where the keys of one tag are. Safe for threads and for fork: it holds no lock."""

    def __init__(self, tag: str, seeds: Sequence[Place], asking: type[Connection], **options: Any):
        self.tag, self.tagging = tag, Tagging(tag)
        self.slot: int = key_slot(tag.encode())
        self._seeds, self._nodes = tuple(seeds), tuple(seeds)
        self._asking, self._options = asking, options
        self._told: Place | None = None

    def place(self) -> Place:
        """The primary of our slot, by the first node that answers. Raises RedisError."""
        problem: RedisError = RedisConnectionError("no node of the cluster answers")
        for node in self._nodes:
            try:
                found = owner(self.slot, self._slots(node), node)
            except (RedisError, OSError) as error:
                problem = error if isinstance(error, RedisError) else RedisConnectionError(error)
                self.doubt(node)
                continue
            place, nodes = found
            self._nodes = tuple(dict.fromkeys([node, *nodes, *self._seeds]))
            self._tell(place)
            return place
        raise problem

    def doubt(self, node: Place | None = None) -> None:
        """Ask this node, or whoever was asked last, after all the others."""
        nodes = self._nodes
        last = node or nodes[0]
        self._nodes = (*(one for one in nodes if one != last), last)

    def ask_first(self, node: Place) -> None:
        """This node knows more than the others."""
        self._nodes = tuple(dict.fromkeys([node, *self._nodes]))

    def _tell(self, place: Place) -> None:
        before, self._told = self._told, place
        if before not in (None, place):
            step(log, "Redis' primary", host=place[0], port=place[1])

    def _slots(self, node: Place) -> Any:
        asking: Any = self._asking  # the library leaves this class without types
        once = Retry(NoBackoff(), 0)
        connection = asking(host=node[0], port=node[1], retry=once, **self._options)
        try:
            connection.connect()
            connection.send_command("CLUSTER", "SLOTS")
            return connection.read_response()
        except ResponseError as error:
            if "cluster support disabled" in str(error):
                raise NoCluster(str(error)) from None
            raise
        finally:
            connection.disconnect()


def owner(slot: int, ranges: Any, asked: Place) -> tuple[Place, list[Place]]:
    """The primary of a slot, and all nodes, in what `CLUSTER SLOTS` answered. Raises ShardDown."""
    nodes = [_place(node, asked) for _, _, *nodes in ranges for node in nodes]
    for first, last, primary, *_ in ranges:
        if first <= slot <= last:
            return _place(primary, asked), nodes
    raise ShardDown(f"no node of the cluster has the slot {slot}")


def _place(node: Any, asked: Place) -> Place:
    """A node that does not know its address is where it was asked."""
    host = (node[0] or b"").decode()
    return host or asked[0], int(node[1])


class ShardConnection(Fronted, Connection):
    """A connection to the primary of our slot, asked for whenever it is made or made again. Puts
    the tag in front of the keys of all that goes through it."""

    def __init__(self, *, shard: Shard, **options: Any) -> None:
        self._shard, self.tagging = shard, shard.tagging
        library: Any = super()  # it leaves its methods without types
        library.__init__(**options)

    def connect_check_health(
        self, check_health: bool = True, retry_socket_connect: bool = True
    ) -> None:
        """Every way of the library to connect ends here."""
        if self._sock:
            return
        self.host, self.port = self._shard.place()
        library: Any = super()
        try:
            library.connect_check_health(check_health, retry_socket_connect)
        except RedisError:
            self._shard.doubt()
            raise

    def read_response(self, *args: Any, **options: Any) -> Any:
        try:
            return super().read_response(*args, **options)
        except (AskError, ClusterDownError, TryAgainError) as error:
            raise self._refused(error) from None
        except ResponseError as error:
            # All our keys are in one slot, and that is here: it is not our script that is meant.
            if NOT_LOCAL in str(error):
                raise ScriptsRefused(str(error)) from None
            raise

    def _refused(self, error: ResponseError) -> ResponseError:
        """What is told of it, once it is known whom to ask next."""
        if isinstance(error, ClusterDownError):
            self._shard.doubt()
            return ShardDown(str(error))
        if isinstance(error, MovedError):
            self._shard.ask_first((error.host or self.host, error.port))
            return SlotElsewhere("the slot is at another node")
        return SlotElsewhere(BY_KEY)


class ShardTlsConnection(ShardConnection, SSLConnection):
    """The same over TLS."""
