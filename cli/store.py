"""Asking the running Gavel: its Redis, wherever it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from app.errors import GavelError
from app.settings import Settings
from app.store.connection import connect
from app.store.server.errors import Kind, trouble
from cli.up import embedded


class NoRedis(GavelError):
    """Redis does not answer: start `gavel up` here, or set REDIS_URL (or STATE_DIR)."""


def redis_url(settings: Settings) -> str:
    """REDIS_URL, or the address of the embedded Valkey of this STATE_DIR."""
    return settings.redis_url or embedded.url(
        embedded.socket_path(Path(settings.state_dir) / "valkey")
    )


@contextmanager
def open_redis(settings: Settings) -> Iterator[Redis]:
    """A client for as long as this lasts. Raises NoRedis when Redis is away, then or later."""
    redis = connect(redis_url(settings), timeout=settings.redis_timeout)
    try:
        yield redis
    except RedisError as error:
        found = trouble(error)
        where = (
            "REDIS_URL" if settings.redis_url else f"the embedded Valkey of {settings.state_dir}/"
        )
        what_to_do = ". Start `gavel up` here, or set REDIS_URL" if found.kind is Kind.AWAY else ""
        raise NoRedis(f"{found.sentence} ({where}){what_to_do}") from None
    finally:
        redis.close()
