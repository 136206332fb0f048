"""What recordings are fetched from: a real server, told what to answer."""

from collections.abc import Iterator

import pytest

from app.fetching.recordings import RecordingSource
from tests.doubles.plivo_edge import PlivoEdge, plivo_edge


@pytest.fixture
def plivo() -> Iterator[PlivoEdge]:
    with plivo_edge() as running:
        yield running


@pytest.fixture
def source(plivo: PlivoEdge) -> RecordingSource:
    return RecordingSource("MA1", "token", plivo.url, allow_private=False)
