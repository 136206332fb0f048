"""gs:// against a server of Google's storage API: whole or not at all, and what goes wrong."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from google.auth.exceptions import RefreshError
from redis import Redis

from app.fetching.recordings import RecordingSource
from app.store.recordings import Recordings
from tests.doubles.google_store import GoogleStore, google_store
from tests.doubles.plivo_edge import PlivoEdge, answer, plivo_edge, send_and_close
from tests.workers.recordings.keeping import copy_one
from workers.conference.errors import ArchiveError
from workers.recordings.copying import Archiver
from workers.recordings.file_systems import BLOCK, FileSystems
from workers.recordings.places import Target
from workers.recordings.troubles import trouble_with

SOUND = bytes(range(256)) * 1024
pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body directly")  # by gcsfs
TO = "gs://calls/r-1.mp3"


@pytest.fixture(scope="module")
def one_store() -> Iterator[GoogleStore]:
    with google_store("calls") as running:
        yield running


@pytest.fixture
def store(one_store: GoogleStore, monkeypatch: pytest.MonkeyPatch) -> GoogleStore:
    for name, value in one_store.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    one_store.empty("calls")
    return one_store


@pytest.fixture
def archiver(source: RecordingSource) -> Iterator[Archiver]:
    file_systems = FileSystems()
    yield Archiver(source, file_systems)
    file_systems.close()


@pytest.mark.parametrize("length", [1, BLOCK, 2 * BLOCK + 77])
def test_the_object_is_there_whole(
    archiver: Archiver, plivo: PlivoEdge, store: GoogleStore, length: int
) -> None:
    content = os.urandom(length)
    plivo.answers(answer(200, content))
    copied = archiver.copy(f"{plivo.url}/r-1.mp3", "gs://calls/sales%2F1/r-1.mp3", 1)
    assert store.keys("calls") == ["sales%2F1/r-1.mp3"]
    assert store.read("calls", "sales%2F1/r-1.mp3") == content
    assert (copied.to, copied.length) == ("gs://calls/sales%2F1/r-1.mp3", length)


def test_an_upload_that_breaks_off_is_no_object(
    archiver: Archiver, plivo: PlivoEdge, store: GoogleStore
) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {3 * BLOCK}\r\n\r\n".encode()
    plivo.scripts.append(send_and_close(head + os.urandom(BLOCK + 5)))
    with pytest.raises(ArchiveError, match="broke off"):
        archiver.copy(f"{plivo.url}/r-1.mp3", TO, 1)
    assert store.keys("calls") == []


def test_what_was_there_stays_until_the_next_is_whole(
    archiver: Archiver, plivo: PlivoEdge, store: GoogleStore
) -> None:
    plivo.answers(answer(200, SOUND))
    plivo.scripts.append(send_and_close(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly"))
    archiver.copy(f"{plivo.url}/r-1.mp3", TO, 1)
    with pytest.raises(ArchiveError, match="broke off"):
        archiver.copy(f"{plivo.url}/r-1.mp3", TO, 2)
    assert store.read("calls", "r-1.mp3") == SOUND


def test_the_transcript_lies_beside_it(
    redis: Redis, archiver: Archiver, plivo: PlivoEdge, store: GoogleStore
) -> None:
    plivo.answers(answer(200, SOUND))
    copy_one(redis, archiver, f"{plivo.url}/r-1.mp3", TO, transcript="Good morning.")
    assert store.keys("calls") == ["r-1.json", "r-1.mp3", "r-1.txt"]
    assert store.read("calls", "r-1.txt") == b"Good morning.\n"
    assert json.loads(store.read("calls", "r-1.json"))["text"] == "Good morning."
    kept = Recordings(redis).get("r-1")
    assert kept is not None
    assert (kept.archived_to, kept.archive_error) == (TO, "")


def key_of_an_account(token_url: str) -> str:
    """What Google gives for a service account, as JSON."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "acme",
            "private_key_id": "1",
            "private_key": private.decode(),
            "client_email": "gavel@acme.example",
            "client_id": "1",
            "token_uri": token_url,
        }
    )


def test_a_key_that_google_does_not_take_is_told_at_once(
    archiver: Archiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    with plivo_edge() as google:
        (tmp_path / "key.json").write_text(key_of_an_account(f"{google.url}/token"))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
        refused = {"error": "invalid_grant", "error_description": "account not found"}
        google.answers(*[answer(400, refused)] * 9)
        with pytest.raises(ArchiveError) as found:
            archiver.write(Target.of(TO), b"sound", 1)
        assert [seen.target for seen in google.seen] == ["/token"]
    assert found.value.kind == "permanent"
    assert str(found.value) == (
        "the credentials for gs://calls are wrong or missing: "
        "gs://calls: invalid_grant: account not found (RefreshError)"
    )


@pytest.mark.parametrize(("retryable", "kind"), [(True, "temporary"), (False, "permanent")])
def test_a_server_of_tokens_that_is_away_is_waited_for(retryable: bool, kind: str) -> None:
    error = RuntimeError("Invalid Credentials, 401")
    error.__cause__ = RefreshError("internal_failure", retryable=retryable)
    assert trouble_with(Target.of(TO), error).kind == kind


@pytest.mark.parametrize("length", [10, BLOCK + 1])
def test_a_bucket_that_is_not_there_is_told(
    archiver: Archiver, store: GoogleStore, length: int
) -> None:
    with pytest.raises(ArchiveError) as found:
        archiver.write(Target.of("gs://nobodys/r-1.mp3"), bytes(length), 1)
    assert found.value.kind == "permanent"
    assert str(found.value).startswith("the bucket of gs://nobodys/r-1.mp3 is not there: ")


@pytest.mark.parametrize(
    ("status", "message", "said"),
    [
        (
            401,
            "Anonymous caller does not have storage.objects.create access to the bucket.",
            "the credentials for gs://calls are wrong or missing: ",
        ),
        (
            403,
            "gavel@acme.example does not have storage.objects.create access to the bucket.",
            "gs://calls refuses the recording: ",
        ),
    ],
)
def test_what_google_refuses_is_told_and_not_repeated(
    archiver: Archiver, monkeypatch: pytest.MonkeyPatch, status: int, message: str, said: str
) -> None:
    """As docs of the JSON API have its errors: the emulator asks nobody who they are."""
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    with plivo_edge() as google:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", google.url)
        body = json.dumps({"error": {"code": status, "message": message}}).encode()
        google.answers(answer(status, body))
        with pytest.raises(ArchiveError) as found:
            archiver.write(Target.of(TO), b"sound", 1)
    assert found.value.kind == "permanent"
    assert str(found.value).startswith(said)
    assert message in str(found.value) or status == 403
