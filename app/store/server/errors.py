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
    return None


def _full(error: RedisError, text: str) -> str | None:
    if isinstance(error, OutOfMemoryError):
        return "Redis is full: give it more memory (maxmemory)"
    return None


def _not_writable(error: RedisError, text: str) -> str | None:
    if isinstance(error, NotReplicated):
        return "no replica confirms what Redis writes, and DURABILITY=replica wants one to"
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
        return "Redis does not allow its user in REDIS_URL the channels: allow &gavel:*"
    if "key" in text:
        return "Redis does not allow its user in REDIS_URL the keys: allow ~gavel:* and ~rq:*"
    return "Redis does not allow its user in REDIS_URL a command of Gavel's scripts"


def _unfit(error: RedisError, text: str) -> str | None:
    if isinstance(error, AskError | ClusterCrossSlotError) or "cluster mode" in text:
        return "this is a Redis Cluster: Gavel needs one Redis, or one behind Sentinel"
    if isinstance(error, ClusterDownError):
        return "this is a Redis Cluster: Gavel needs one Redis, or one behind Sentinel"
    if "DB index is out of range" in text:
        return "Redis has no database of the number in REDIS_URL"
    if found := re.search(r"unknown command [`'\"]?([\w.-]+)", text, re.IGNORECASE):
        return f"Redis does not know the command {found[1].upper()}: it is too old, or forbids it"
    if "nknown" in text and "command called from script" in text:
        return "Redis does not know a command of Gavel's scripts: it is too old, or forbids it"
    return None


def _away(error: RedisError, text: str) -> str | None:
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
