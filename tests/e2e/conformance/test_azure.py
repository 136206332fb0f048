"""az:// against a server of Azure's blob storage: `make conformance` (needs node and npm)."""

import json
import os
from collections.abc import Iterator

import pytest
from redis import Redis

from app.fetching.recordings import RecordingSource
from app.store.recordings import Recordings
from tests.doubles.plivo_edge import PlivoEdge, answer, plivo_edge, send_and_close
from tests.e2e.conformance.azurite_store import AzureStore, azure_store
from tests.workers.recordings.keeping import copy_one
from workers.conference.errors import ArchiveError
from workers.recordings.copying import Archiver
from workers.recordings.file_systems import BLOCK, FileSystems
from workers.recordings.places import Target

SOUND = bytes(range(256)) * 1024
pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body directly")  # by its SDK
SETTING = "AZURE_STORAGE_CONNECTION_STRING"
TO = "az://calls/r-1.mp3"


@pytest.fixture(scope="module")
def one_store() -> Iterator[AzureStore]:
    with azure_store("calls") as running:
        yield running


@pytest.fixture
def store(one_store: AzureStore, monkeypatch: pytest.MonkeyPatch) -> AzureStore:
    monkeypatch.setenv(SETTING, one_store.connection)
    one_store.empty("calls")
    return one_store


@pytest.fixture
def plivo() -> Iterator[PlivoEdge]:
    with plivo_edge() as running:
        yield running


@pytest.fixture
def archiver(plivo: PlivoEdge) -> Iterator[Archiver]:
    file_systems = FileSystems()
    yield Archiver(RecordingSource("MA1", "token", plivo.url, allow_private=False), file_systems)
    file_systems.close()


def failure(archiver: Archiver, to: str = TO) -> ArchiveError:
    with pytest.raises(ArchiveError) as found:
        archiver.write(Target.of(to), b"sound", 1)
    return found.value


@pytest.mark.parametrize("length", [1, BLOCK, 2 * BLOCK + 77])
def test_the_blob_is_there_whole(
    archiver: Archiver, plivo: PlivoEdge, store: AzureStore, length: int
) -> None:
    content = os.urandom(length)
    plivo.answers(answer(200, content))
    copied = archiver.copy(f"{plivo.url}/r-1.mp3", "az://calls/sales%2F1/r-1.mp3", 1)
    assert store.keys("calls") == ["sales%2F1/r-1.mp3"]
    assert store.read("calls", "sales%2F1/r-1.mp3") == content
    assert (copied.to, copied.length) == ("az://calls/sales%2F1/r-1.mp3", length)


def test_an_upload_that_breaks_off_is_no_blob(
    archiver: Archiver, plivo: PlivoEdge, store: AzureStore
) -> None:
    plivo.answers(answer(200, SOUND))
    archiver.copy(f"{plivo.url}/r-1.mp3", TO, 1)
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {3 * BLOCK}\r\n\r\n".encode()
    for to in (TO, "az://calls/r-2.mp3"):
        plivo.scripts.append(send_and_close(head + os.urandom(BLOCK + 5)))
        with pytest.raises(ArchiveError, match="broke off"):
            archiver.copy(f"{plivo.url}/r-1.mp3", to, 2)
    assert store.keys("calls") == ["r-1.mp3"]
    assert store.read("calls", "r-1.mp3") == SOUND


def test_the_transcript_lies_beside_it(
    redis: Redis, archiver: Archiver, plivo: PlivoEdge, store: AzureStore
) -> None:
    plivo.answers(answer(200, SOUND))
    copy_one(redis, archiver, f"{plivo.url}/r-1.mp3", TO, transcript="Good morning.")
    assert store.keys("calls") == ["r-1.json", "r-1.mp3", "r-1.txt"]
    assert store.read("calls", "r-1.txt") == b"Good morning.\n"
    assert json.loads(store.read("calls", "r-1.json"))["text"] == "Good morning."
    kept = Recordings(redis).get("r-1")
    assert kept is not None
    assert (kept.archived_to, kept.archive_error) == (TO, "")


@pytest.mark.usefixtures("store")
def test_a_container_that_is_not_there_is_told(archiver: Archiver) -> None:
    error = failure(archiver, "az://nobodys/r-1.mp3")
    assert error.kind == "permanent"
    assert str(error).startswith("the container of az://nobodys/r-1.mp3 is not there: ")


@pytest.mark.parametrize("which", ["another key", "none"])
def test_credentials_that_are_wrong_or_missing_are_told(
    archiver: Archiver, store: AzureStore, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    if which == "none":
        monkeypatch.delenv(SETTING)
    else:
        head, _, rest = store.connection.partition("AccountKey=")
        other = "A" * 86 + "==;" + rest.partition(";")[2]
        monkeypatch.setenv(SETTING, f"{head}AccountKey={other}")
    error = failure(archiver)
    assert error.kind == "permanent"
    assert str(error).startswith("the credentials for az://calls are wrong or missing: ")
    assert "AccountKey" not in str(error)
    assert store.keys("calls") == []
