"""What tests of real processes share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.valkey import start_valkey


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Redis]:
    """A client of a server that nobody else uses."""
    server = start_valkey(tmp_path / "valkey", {"save": "", "appendonly": "no"})
    client = Redis(host=server.host, port=server.port)
    yield client
    client.close()
    server.stop()
