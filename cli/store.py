"""Asking the running Gavel: its Redis, wherever it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from redis import Redis
from redis.exceptions import RedisError

from app.errors import GavelError
from app.settings import Settings
from app.store.connection import connect
from app.store.server.address import in_space_of
from app.store.server.errors import Kind, trouble
from cli.at_rest import is_at_rest, server_of_copy
from cli.up import embedded


class NoRedis(GavelError):
    """Redis does not answer: start `gavel up` here, or set REDIS_URL (or STATE_DIR)."""


def redis_url(settings: Settings) -> str:
    """REDIS_URL, or the address of the embedded Valkey of this STATE_DIR: of the keys of the
    account that the settings are of."""
    if settings.redis_url:
        return settings.redis_url
    url = embedded.url(embedded.socket_path(Path(settings.state_dir) / "valkey"))
    return _of_account(url, settings)


def _of_account(url: str, settings: Settings) -> str:
    return in_space_of(url, settings.account) if settings.account else url


@contextmanager
def open_redis(settings: Settings) -> Iterator[Redis]:
    """A client for as long as this lasts. Raises NoRedis when Redis is away, then or later."""
    with _client(settings, redis_url(settings)) as redis:
        yield redis


@contextmanager
def open_for_reading(settings: Settings) -> Iterator[Redis]:
    """The same; where `gavel up` does not run here, a client of a copy of what it has left. Raises
    NoRedis, and ValkeyError when that copy can not be had."""
    data = Path(settings.state_dir) / "valkey"
    if settings.redis_url or not is_at_rest(data):
        with _client(settings, redis_url(settings)) as redis:
            yield redis
        return
    with (
        server_of_copy(data) as url,
        _client(settings, _of_account(url, settings)) as redis,
    ):
        click.echo("Gavel does not run here: this is what it has left.", err=True)
        yield redis


@contextmanager
def _client(settings: Settings, url: str) -> Iterator[Redis]:
    redis = connect(url, timeout=settings.redis_timeout, replicated=settings.replicated)
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
