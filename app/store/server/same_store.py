"""Do two processes keep what they keep in the same Redis? One leaves a word there; the other is
asked whether it sees it."""

from redis import Redis

from app.store import keys

HEADER = "Gavel-Probe"
SEEN = "seen"
NOT_SEEN = "not seen"
_SECONDS = 30


def leave(redis: Redis, word: str) -> None:
    """Leave a word for half a minute. Raises RedisError."""
    redis.set(keys.probe(word), 1, ex=_SECONDS)


def look(redis: Redis, word: str) -> str:
    """SEEN or NOT_SEEN. Raises RedisError."""
    return SEEN if redis.exists(keys.probe(word)) else NOT_SEEN
