"""The double at Plivo's edge and a client that talks to it."""

from collections.abc import Iterator

import pytest

from tests.doubles.plivo_edge import PlivoEdge, plivo_edge
from tests.plivo.builders import client
from workers.plivo import PlivoClient


@pytest.fixture
def edge() -> Iterator[PlivoEdge]:
    with plivo_edge() as running:
        yield running


@pytest.fixture
def plivo(edge: PlivoEdge) -> Iterator[PlivoClient]:
    made = client(edge.url)
    yield made
    made.close()
