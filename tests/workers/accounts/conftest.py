"""The two accounts that the tests of this room work for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.doubles.plivo_edge import PlivoEdge
from tests.workers.accounts.platform import Platform


@pytest.fixture
def platform(redis: Redis, edge: PlivoEdge, tmp_path: Path) -> Iterator[Platform]:
    built = Platform(tmp_path, redis, edge)
    yield built
    built.root.redis.close()
