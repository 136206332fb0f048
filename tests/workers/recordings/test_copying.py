"""A file goes to its target whole or not at all: a disk, a real S3 server, a real SFTP server."""

import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.fetching.recordings import RecordingSource
from tests.doubles.object_store import ObjectStore
from tests.doubles.plivo_edge import PlivoEdge, answer, send_and_close
from tests.doubles.sftp_server import PASSWORD, SftpServer
from workers.conference.errors import ArchiveError
from workers.recordings.copying import Archiver, Copied
from workers.recordings.file_systems import BLOCK, FileSystems, SftpLogin

SOUND = bytes(range(256)) * 1024
BROKEN = send_and_close(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")


@pytest.fixture
def archiver(source: RecordingSource) -> Iterator[Archiver]:
    file_systems = FileSystems()
    yield Archiver(source, file_systems)
    file_systems.close()


def copy(
    archiver: Archiver, plivo: PlivoEdge, to: str, content: bytes = SOUND, attempt: int = 1
) -> Copied:
    plivo.answers(answer(200, content))
    return archiver.copy(f"{plivo.url}/r-1.mp3", to, attempt)


def failure(archiver: Archiver, plivo: PlivoEdge, to: str) -> ArchiveError:
    with pytest.raises(ArchiveError) as found:
        copy(archiver, plivo, to)
    return found.value


def names(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


# A disk


def test_a_file_is_there_byte_by_byte(archiver: Archiver, plivo: PlivoEdge, tmp_path: Path) -> None:
    copied = copy(archiver, plivo, f"file://{tmp_path}/calls/sales%2F1/r-1.mp3")
    assert (tmp_path / "calls/sales%2F1/r-1.mp3").read_bytes() == SOUND
    assert copied.to == f"file://{tmp_path}/calls/sales%2F1/r-1.mp3"
    assert names(tmp_path) == ["calls/sales%2F1/r-1.mp3"]


def test_one_that_breaks_off_leaves_nothing(
    archiver: Archiver, plivo: PlivoEdge, tmp_path: Path
) -> None:
    plivo.scripts.append(BROKEN)
    with pytest.raises(ArchiveError, match="broke off"):
        archiver.copy(f"{plivo.url}/r-1.mp3", f"file://{tmp_path}/r-1.mp3", 1)
    assert names(tmp_path) == []


def test_an_empty_file_is_none(archiver: Archiver, plivo: PlivoEdge, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="is empty") as found:
        copy(archiver, plivo, f"file://{tmp_path}/r-1.mp3", b"")
    assert found.value.kind == "temporary"
    assert names(tmp_path) == []


def test_what_an_attempt_left_that_was_killed_goes(
    archiver: Archiver, plivo: PlivoEdge, tmp_path: Path
) -> None:
    (tmp_path / ".r-1.mp3.1.part").write_bytes(b"half")
    copy(archiver, plivo, f"file://{tmp_path}/r-1.mp3", attempt=2)
    assert names(tmp_path) == ["r-1.mp3"]


def test_twice_is_one_file(archiver: Archiver, plivo: PlivoEdge, tmp_path: Path) -> None:
    for attempt in (1, 2):
        copy(archiver, plivo, f"file://{tmp_path}/r-1.mp3", attempt=attempt)
    assert names(tmp_path) == ["r-1.mp3"]
    assert (tmp_path / "r-1.mp3").read_bytes() == SOUND


FULL_DISK = """
import sys
from workers.conference.errors import ArchiveError
from workers.recordings.copying import Archiver
from workers.recordings.file_systems import FileSystems
from workers.recordings.places import Target

try:
    target = Target.of("file://" + sys.argv[1] + "/r-1.mp3")
    Archiver(None, FileSystems()).write(target, b"x" * 200_000, 1)
except ArchiveError as error:
    print(error.kind, error)
"""


def test_a_full_disk_is_told_and_tried_again(tmp_path: Path) -> None:
    disk = f"mount -t tmpfs -o size=64k none {tmp_path}"
    there = subprocess.run(["unshare", "-rm", "sh", "-c", disk], capture_output=True, check=False)
    if there.returncode:
        pytest.skip("no disk of its own can be had here")
    run = f"{disk} && {sys.executable} -c '{FULL_DISK}' {tmp_path} && ls -A {tmp_path}"
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", run], capture_output=True, text=True, check=True
    )
    kind, _, said = done.stdout.strip().partition(" ")
    assert kind == "temporary"
    assert said.startswith("the disk is full: ")
    assert "\n" not in said  # and nothing is left there


def test_a_folder_that_may_not_be_written_is_told(archiver: Archiver, plivo: PlivoEdge) -> None:
    error = failure(archiver, plivo, "file:///sys/calls/r-1.mp3")  # nor by root
    assert error.kind == "permanent"


def test_a_folder_in_the_place_of_the_file_is_told(
    archiver: Archiver, plivo: PlivoEdge, tmp_path: Path
) -> None:
    (tmp_path / "r-1.mp3").mkdir()
    error = failure(archiver, plivo, f"file://{tmp_path}/r-1.mp3")
    assert error.kind == "permanent"
    assert names(tmp_path) == []


# S3


def test_s3_has_the_object(archiver: Archiver, plivo: PlivoEdge, s3: ObjectStore) -> None:
    copied = copy(archiver, plivo, "s3://calls/sales-1/r-1.mp3")
    assert s3.read("calls", "sales-1/r-1.mp3") == SOUND
    assert copied.to == "s3://calls/sales-1/r-1.mp3"


@pytest.mark.parametrize("length", [BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 77])
def test_s3_has_large_objects_in_parts(
    archiver: Archiver, plivo: PlivoEdge, s3: ObjectStore, length: int
) -> None:
    content = os.urandom(length)
    copy(archiver, plivo, "s3://calls/r-1.mp3", content)
    assert s3.read("calls", "r-1.mp3") == content


def test_an_upload_that_breaks_off_is_no_object(
    archiver: Archiver, plivo: PlivoEdge, s3: ObjectStore
) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {3 * BLOCK}\r\n\r\n".encode()
    plivo.scripts.append(send_and_close(head + os.urandom(BLOCK + 5)))
    with pytest.raises(ArchiveError, match="broke off"):
        archiver.copy(f"{plivo.url}/r-1.mp3", "s3://calls/r-1.mp3", 1)
    assert s3.keys("calls") == []
    assert s3.uploads("calls") == []


def test_a_bucket_that_is_not_there_is_told(
    archiver: Archiver, plivo: PlivoEdge, s3: ObjectStore
) -> None:
    error = failure(archiver, plivo, "s3://nobodys/r-1.mp3")
    assert error.kind == "permanent"
    assert str(error).startswith("the bucket of s3://nobodys/r-1.mp3 is not there: ")


def test_credentials_that_are_missing_are_told(
    archiver: Archiver, plivo: PlivoEdge, s3: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    error = failure(archiver, plivo, "s3://calls/r-1.mp3")
    assert error.kind == "permanent"
    assert str(error).startswith("the credentials for s3://calls are wrong or missing: ")


def test_a_store_that_is_away_is_tried_again(
    archiver: Archiver, plivo: PlivoEdge, s3: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    error = failure(archiver, plivo, "s3://calls/r-1.mp3")
    assert error.kind == "temporary"


# SFTP


@pytest.fixture
def by_sftp(source: RecordingSource, sftp: SftpServer) -> Iterator[Archiver]:
    login = SftpLogin(password=PASSWORD, known_hosts=str(sftp.known_hosts))
    file_systems = FileSystems(login)
    yield Archiver(source, file_systems)
    file_systems.close()


def test_sftp_has_the_file(by_sftp: Archiver, plivo: PlivoEdge, sftp: SftpServer) -> None:
    copied = copy(by_sftp, plivo, f"sftp://{sftp.host}/calls/sales-1/r-1.mp3")
    assert (sftp.root / "calls/sales-1/r-1.mp3").read_bytes() == SOUND
    assert names(sftp.root) == ["calls/sales-1/r-1.mp3"]
    assert copied.to == f"sftp://{sftp.host}/calls/sales-1/r-1.mp3"


def test_sftp_replaces_it_by_the_next(
    by_sftp: Archiver, plivo: PlivoEdge, sftp: SftpServer
) -> None:
    for attempt in (1, 2):
        copy(by_sftp, plivo, f"sftp://{sftp.host}/r-1.mp3", attempt=attempt)
    assert names(sftp.root) == ["r-1.mp3"]


def test_sftp_takes_a_key(source: RecordingSource, plivo: PlivoEdge, sftp: SftpServer) -> None:
    file_systems = FileSystems(SftpLogin(key=sftp.key, known_hosts=str(sftp.known_hosts)))
    copy(Archiver(source, file_systems), plivo, f"sftp://{sftp.host}/r-1.mp3")
    file_systems.close()
    assert (sftp.root / "r-1.mp3").read_bytes() == SOUND


def test_one_that_breaks_off_leaves_nothing_on_the_server(
    by_sftp: Archiver, plivo: PlivoEdge, sftp: SftpServer
) -> None:
    plivo.scripts.append(BROKEN)
    with pytest.raises(ArchiveError, match="broke off"):
        by_sftp.copy(f"{plivo.url}/r-1.mp3", f"sftp://{sftp.host}/r-1.mp3", 1)
    assert names(sftp.root) == []


def test_a_wrong_password_is_told(
    source: RecordingSource, plivo: PlivoEdge, sftp: SftpServer
) -> None:
    login = SftpLogin(password="wrong", known_hosts=str(sftp.known_hosts))
    to = f"sftp://{sftp.host}/calls/r-1.mp3"
    error = failure(Archiver(source, FileSystems(login)), plivo, to)
    assert error.kind == "permanent"
    assert "are wrong or missing" in str(error)
    assert PASSWORD not in str(error)


def test_a_server_that_nobody_knows_is_refused(
    source: RecordingSource, plivo: PlivoEdge, sftp: SftpServer, tmp_path: Path
) -> None:
    empty = tmp_path / "known_hosts"
    empty.write_text("")
    login = SftpLogin(password=PASSWORD, known_hosts=str(empty))
    error = failure(Archiver(source, FileSystems(login)), plivo, f"sftp://{sftp.host}/r-1.mp3")
    assert error.kind == "permanent"
    assert "is not the known one" in str(error)


# Anything


@pytest.mark.parametrize(
    "to",
    [
        "file:///srv/../etc/passwd",
        "file:///srv//x",
        "file://srv/x",
        "s3:///x",
        "s3://calls/./x",
        "s3://calls/a\0b",
        "s3://calls/a\\b",
        "http://calls/x",
        "calls/x",
    ],
)
def test_what_is_no_target_is_refused(archiver: Archiver, plivo: PlivoEdge, to: str) -> None:
    error = failure(archiver, plivo, to)
    assert error.kind == "permanent"
    assert plivo.seen == []


def test_a_long_name_is_shortened_and_stays_its_own(
    archiver: Archiver, plivo: PlivoEdge, tmp_path: Path
) -> None:
    long = "%F0%9F%8E%99" * 40
    for name in (f"{long}a.mp3", f"{long}b.mp3"):
        copy(archiver, plivo, f"file://{tmp_path}/{name}")
    assert len(names(tmp_path)) == 2
    assert all(name.endswith(".mp3") and len(name) < 255 for name in names(tmp_path))


def test_a_large_file_needs_little_memory(
    archiver: Archiver, plivo: PlivoEdge, tmp_path: Path
) -> None:
    length = 300 * 1024 * 1024

    def drip(seen: object, connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode())
        for _ in range(length // (1024 * 1024)):
            connection.sendall(bytes(1024 * 1024))

    plivo.scripts.append(drip)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    archiver.copy(f"{plivo.url}/r-1.mp3", f"file://{tmp_path}/r-1.mp3", 1)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert (tmp_path / "r-1.mp3").stat().st_size == length
    assert grown < 50 * 1024  # KiB
