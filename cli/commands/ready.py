"""`gavel ready`: for a platform's probes, in the process's own container or on its host."""

import http.client
import socket
import sys
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import click
from redis import Redis

from app.domain.addresses import local_url
from app.errors import GavelError
from app.settings import Settings
from app.store import keys
from cli.output.machine import json_option, tell
from cli.store import NoRedis, open_redis

TIMEOUT_SECONDS = 5.0
READ_AT_MOST = 4096


class Kind(NamedTuple):
    """Processes that report to Redis: their name for people, where RQ lists them and keeps that one
    lives, and for how long it does."""

    name: str
    registered: str
    key: Callable[[str, str], str]
    seconds: str


WORKERS = Kind("worker", keys.WORKERS, keys.worker, "30 s")
COPIERS = Kind("recordings worker", keys.COPIERS, keys.copier, "2 minutes")


class NotReady(GavelError):
    """Not ready: the sentence says what is missing."""


@click.command()
@click.option("--worker", is_flag=True, help="Of the workers of this host, not of the web process.")
@click.option("--recordings", is_flag=True, help="Of the processes here that copy recordings.")
@click.option("--alive", is_flag=True, help="Only whether it lives; yes while Redis is away.")
@json_option
def ready(worker: bool, recordings: bool, alive: bool, as_json: bool) -> None:
    """Say whether the web process here is ready (or lives), for probes of a platform.

    0: it is. 1: it is not, and why. With --worker: has a worker of this host reported to Redis
    within the last 30 s? With --recordings: has a `gavel recordings-worker`, within 2 minutes?
    """
    settings = Settings.load()
    try:
        if worker or recordings:
            said = _of_workers(settings, COPIERS if recordings else WORKERS, alive)
        else:
            said = _of_web(settings, alive)
    except (NotReady, NoRedis) as error:
        if as_json:
            tell([{"ready": False, "said": str(error)}])
            sys.exit(1)
        raise
    if as_json:
        tell([{"ready": True, "said": said}])
    else:
        click.echo(said)


def _of_web(settings: Settings, alive: bool) -> str:
    """Ask the address where it listens, past any proxy of the environment."""
    url = local_url(settings.host, settings.port) + ("/healthz" if alive else "/readyz")
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=TIMEOUT_SECONDS) as answer:
            return str(answer.read(READ_AT_MOST).decode(errors="replace").rstrip("\n"))
    except HTTPError as refusal:
        with refusal:
            said = refusal.read(READ_AT_MOST).decode(errors="replace")
        raise NotReady(f"{url} answers {refusal.code}: {said}") from None
    except (OSError, http.client.HTTPException) as error:
        raise NotReady(f"{url} does not answer: {error}") from None


def _of_workers(settings: Settings, kind: Kind, alive: bool) -> str:
    host = socket.gethostname()
    try:
        with open_redis(settings) as redis:
            if not _reported(redis, kind, host):
                raise NotReady(f"no {kind.name} of {host} has reported to Redis for {kind.seconds}")
    except NoRedis as error:
        if not alive:
            raise
        return f"can not tell, which is no reason to end a worker: {error}"
    return f"a {kind.name} of {host} is at work"


def _reported(redis: Redis, kind: Kind, host: str) -> bool:
    """Is one of the names of its workers still kept?"""
    known: Any = redis.smembers(kind.registered)
    mine = [name for name in known if name.startswith(kind.key(host, "").encode())]
    return bool(mine) and bool(redis.exists(*mine))
