"""What is wrong with Redis, told from its errors: one kind and one sentence for each.

The sentences are for whoever runs it, in the log, in `/readyz` and in `gavel doctor`; the kinds are
those of the metric `gavel_store_errors_total`.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from redis import Redis
from redis.exceptions import (
    AskError,
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    ClusterCrossSlotError,
    ClusterDownError,
    MasterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.sentinel import MasterNotFoundError

from app.metrics.catalogue import STORE_ERRORS
from app.metrics.counting import Counts
from app.store.server.cluster import (
    BY_KEY,
    NOT_LOCAL,
    NoCluster,
    ScriptsRefused,
    ShardDown,
    SlotElsewhere,
)
from app.store.server.replica import NotReplicated


class Kind(StrEnum):
    """Whether to wait for it, and what for."""

    AWAY = "away"
    NOT_PRIMARY = "not_primary"
    FULL = "full"
    LOADING = "loading"
    NOT_WRITABLE = "not_writable"
    NOT_ALLOWED = "not_allowed"
    TOO_MANY_CLIENTS = "too_many_clients"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One line for people; it never holds a secret."""

    kind: Kind
    sentence: str

    @property
    def level(self) -> int:
        """Of the log: what somebody has to mend is an error."""
        return logging.ERROR if self.kind in (Kind.NOT_ALLOWED, Kind.FULL) else logging.WARNING


Told = Callable[[RedisError, str], str | None]
"""The sentence for an error and its text, or None when it is another kind of trouble."""

A_CLUSTER = (
    "this is a Redis Cluster: REDIS_URL must begin with redis+cluster:// (TLS: rediss+cluster://)"
)
_COMMAND = re.compile(r"permissions to run the '([\w|.-]+)' command")


def trouble(error: RedisError) -> Trouble:
    """What an error of the client or of the server means."""
    text = f"{getattr(error, 'status_code', None) or ''} {error}".strip()
    for kind, told in _TOLD:
        if (sentence := told(error, text)) is not None:
            return Trouble(kind, sentence)
    return Trouble(Kind.OTHER, f"Redis refused a step: {_short(error)}")


def may_pass(error: RedisError) -> bool:
    """Whether Redis is at fault and not the step: it is away, loading, full, moved, or refuses us.
    The same step may succeed later."""
    return trouble(error).kind is not Kind.OTHER


def note(error: RedisError, redis: Redis, counts: Counts) -> Trouble:
    """Count an error. When the server is not the one to write to, drop the connections that wait
    in the pool, too: the next step resolves the address anew."""
    found = trouble(error)
    counts.count(STORE_ERRORS.field(found.kind))
    if found.kind in (Kind.NOT_PRIMARY, Kind.NOT_WRITABLE):
        redis.connection_pool.disconnect(inuse_connections=False)
    return found


def _too_many(error: RedisError, text: str) -> str | None:
    if "max number of clients" in text:
        return "Redis has as many clients as it takes: raise maxclients, or run fewer processes"
    return None


def _loading(error: RedisError, text: str) -> str | None:
    if isinstance(error, BusyLoadingError):
        return "Redis is loading its data: it is waited for"
    return None


def _not_primary(error: RedisError, text: str) -> str | None:
    moved = "UNBLOCKED" in text or "previous master is now a slave" in text
    if moved or isinstance(error, ReadOnlyError | MasterDownError):
        return "this Redis is a replica, no primary: its address is looked up anew for each try"
    if isinstance(error, SlotElsewhere) and BY_KEY not in text:
        return "this node has Gavel's slot no more: the Cluster is asked anew for each try"
    return None


def _full(error: RedisError, text: str) -> str | None:
    if isinstance(error, OutOfMemoryError):
        return "Redis is full: give it more memory (maxmemory)"
    return None


def _not_writable(error: RedisError, text: str) -> str | None:
    if isinstance(error, NotReplicated):
        return "no replica confirms what Redis writes, and DURABILITY=replica wants one to"
    if isinstance(error, SlotElsewhere):
        return (
            "the Cluster moves Gavel's slot key by key: nothing is stored until it is at its new "
            "place (CLUSTER MIGRATESLOTS moves it at once)"
        )
    if isinstance(error, ScriptsRefused):
        return (
            "the node refuses every script since one of somebody else asked it for keys of several "
            "slots at once (a fault of Valkey 9.1): have a replica take over, and restart it"
        )
    if "NOREPLICAS" in text:
        return "Redis takes no writes: it has fewer replicas than min-replicas-to-write demands"
    if "MISCONF" in text:
        return "Redis takes no writes: it cannot write to its disk"
    if text.startswith("BUSY "):
        return "Redis is busy with a script of somebody else"
    return None


def _login(error: RedisError, text: str) -> str | None:
    if isinstance(error, MasterNotFoundError):
        return _refused_by_sentinels(text)
    if not isinstance(error, AuthenticationError | AuthorizationError):
        return None
    if text.startswith("NOAUTH"):
        return "Redis wants a password, and REDIS_URL has none"
    if "without any password configured" in text or "no password is set" in text:
        return "REDIS_URL has a password, and Redis has none"
    return "Redis refuses the user or the password of REDIS_URL"


def _refused_by_sentinels(text: str) -> str | None:
    if re.search("uthenticat|password|permissions", text):
        return "the Sentinels refuse the login: set sentinel_password in REDIS_URL, or mend it"
    if "No such master" in text:
        return "the Sentinels know no primary of the name in REDIS_URL"
    return None


def _rights(error: RedisError, text: str) -> str | None:
    in_script = "ACL failure in script" in text or "The user executing the script" in text
    if not isinstance(error, NoPermissionError) and not in_script:
        return None
    if found := _COMMAND.search(text):
        command = found[1].replace("|", " ").upper()
        return f"Redis does not allow its user in REDIS_URL the command {command}"
    if "channel" in text:
        return (
            "Redis does not allow its user in REDIS_URL the channels: allow &gavel:*, and &a/* for "
            "ACCOUNTS_FILE (in a Cluster: &{tag}*)"
        )
    if "key" in text:
        return (
            "Redis does not allow its user in REDIS_URL the keys: allow ~gavel:* and ~rq:*, and "
            "~a/* for ACCOUNTS_FILE (in a Cluster: ~{tag}*)"
        )
    return "Redis does not allow its user in REDIS_URL a command of Gavel's scripts"


def _unfit(error: RedisError, text: str) -> str | None:
    of_cluster = isinstance(error, AskError | ClusterCrossSlotError | ClusterDownError)
    if of_cluster or "cluster mode" in text or NOT_LOCAL in text:
        return A_CLUSTER
    if isinstance(error, NoCluster):
        return "this Redis is in no Cluster: REDIS_URL must begin with redis:// or rediss://"
    if "DB index is out of range" in text:
        return "Redis has no database of the number in REDIS_URL"
    if found := re.search(r"unknown command [`'\"]?([\w.-]+)", text, re.IGNORECASE):
        return f"Redis does not know the command {found[1].upper()}: it is too old, or forbids it"
    if "nknown" in text and "command called from script" in text:
        return "Redis does not know a command of Gavel's scripts: it is too old, or forbids it"
    return None


def _away(error: RedisError, text: str) -> str | None:
    if isinstance(error, ShardDown):
        return f"the Cluster is down, or the part of it that has Gavel's slot: {_short(error)}"
    if isinstance(error, RedisConnectionError | RedisTimeoutError) or text.startswith("TRYAGAIN"):
        return f"Redis is away: {_short(error)}"
    return None


_TOLD: tuple[tuple[Kind, Told], ...] = (
    (Kind.TOO_MANY_CLIENTS, _too_many),
    (Kind.LOADING, _loading),
    (Kind.NOT_PRIMARY, _not_primary),
    (Kind.FULL, _full),
    (Kind.NOT_WRITABLE, _not_writable),
    (Kind.NOT_ALLOWED, _login),
    (Kind.NOT_ALLOWED, _rights),
    (Kind.NOT_ALLOWED, _unfit),
    (Kind.AWAY, _away),
)


def _short(error: RedisError) -> str:
    """The library's words, as a part of a sentence."""
    words = " ".join(str(error).split()) or type(error).__name__
    return words[:200].removesuffix(".")
