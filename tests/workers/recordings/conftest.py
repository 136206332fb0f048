"""What copies are fetched from and go to: real servers, each once for the folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doubles.edge_fixtures import plivo as plivo
from tests.doubles.edge_fixtures import source as source
from tests.doubles.object_store import ObjectStore, object_store
from tests.doubles.sftp_server import SftpServer, sftp_server


@pytest.fixture(scope="session")
def one_s3() -> Iterator[ObjectStore]:
    with object_store() as running:
        yield running


@pytest.fixture
def s3(one_s3: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """With an empty bucket `calls`, and the environment of somebody who may write there."""
    for name, value in one_s3.environment.items():
        monkeypatch.setenv(name, value)
    one_s3.client.create_bucket(Bucket="calls")
    for key in one_s3.keys("calls"):
        one_s3.client.delete_object(Bucket="calls", Key=key)
    return one_s3


@pytest.fixture
def sftp(tmp_path: Path) -> Iterator[SftpServer]:
    with sftp_server(tmp_path / "sftp") as running:
        yield running
