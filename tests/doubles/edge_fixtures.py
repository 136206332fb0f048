"""Fixtures of Plivo's double, for a folder's conftest to import."""

from collections.abc import Iterator

import pytest

from app.fetching.recordings import RecordingSource
from tests.doubles.plivo_edge import PlivoEdge, plivo_edge


@pytest.fixture
def plivo() -> Iterator[PlivoEdge]:
    """A server in Plivo's place, told what to answer."""
    with plivo_edge() as running:
        yield running


@pytest.fixture
def crm() -> Iterator[PlivoEdge]:
    """Such a server in the place of the system that webhooks go to."""
    with plivo_edge() as running:
        yield running


@pytest.fixture
def source(plivo: PlivoEdge) -> RecordingSource:
    """Where recordings are fetched from: that server."""
    return RecordingSource("MA1", "token", plivo.url, allow_private=False)
