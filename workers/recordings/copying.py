"""One recording's file to its target, whole or not at all.

Where a file can be seen while it is written (a disk, sftp) it is written under another name, read
back, and moved; an object store shows an upload when it is complete. "Done" means that the target
says the length, and has the content, that were fetched.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from app.fetching.recordings import CHUNK, FetchError, RecordingSource
from workers.conference.errors import ArchiveError
from workers.plivo.responses import answered_at, retry_after_seconds
from workers.recordings.file_systems import BLOCK, FileSystem, FileSystems
from workers.recordings.places import Target
from workers.recordings.troubles import trouble_with


class Content:
    """What of a file has passed: its length, its SHA-256 (the fastest of all where the processor
    helps), and where S3 asks for it the MD5 of each part of an upload."""

    def __init__(self, *, in_parts: bool = False) -> None:
        self.length = 0
        self._whole = hashlib.sha256()
        self._in_parts, self._in_part = in_parts, 0
        self._part = hashlib.md5(usedforsecurity=False)
        self._parts: list[bytes] = []

    def passing(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.add(chunk)
            yield chunk

    def add(self, chunk: bytes) -> None:
        self.length += len(chunk)
        self._whole.update(chunk)
        rest = memoryview(chunk if self._in_parts else b"")
        while rest:
            taken = rest[: BLOCK - self._in_part]
            self._part.update(taken)
            self._in_part += len(taken)
            rest = rest[len(taken) :]
            if self._in_part == BLOCK:
                self._end_part()

    @property
    def sha256(self) -> str:
        return self._whole.hexdigest()

    @property
    def etag(self) -> str:
        """What S3 calls it: less than a part is uploaded at once."""
        if not self._parts:
            return self._part.hexdigest()
        parts = [*self._parts, *([self._part.digest()] if self._in_part else [])]
        joined = hashlib.md5(b"".join(parts), usedforsecurity=False).hexdigest()
        return f"{joined}-{len(parts)}"

    def _end_part(self) -> None:
        self._parts.append(self._part.digest())
        self._part, self._in_part = hashlib.md5(usedforsecurity=False), 0


@dataclass(frozen=True, slots=True)
class Copied:
    """`to` is where it is now, `length` in bytes."""

    to: str
    length: int
    sha256: str


class Archiver:
    """Copies recordings; for one thread."""

    def __init__(self, source: RecordingSource, file_systems: FileSystems) -> None:
        self._source, self._file_systems = source, file_systems

    def copy(self, url: str, to: str, attempt: int) -> Copied:
        """The file at `url` to the address `to`; `attempt` counts how often this was tried, from 1.
        Raises ArchiveError, and then nothing is under the final name that was not there before."""
        target = Target.of(to)
        try:
            with self._source.open(url) as download:
                return self._write(target, download.chunks, download.length, attempt)
        except FetchError as error:
            raise _not_fetched(error) from None

    def write(self, target: Target, text: bytes, attempt: int) -> Copied:
        """A small file. Raises ArchiveError."""
        return self._write(target, (text,), len(text), attempt)

    def _write(
        self, target: Target, chunks: Iterable[bytes], length: int | None, attempt: int
    ) -> Copied:
        content = Content(in_parts=target.scheme == "s3")
        with self._told(target):
            files = self._file_systems.of(target)
            if target.kind.is_object_store:
                _upload(files, target.path, content.passing(chunks), content, length)
            else:
                _write_and_move(files, target, content.passing(chunks), content, length, attempt)
        return Copied(target.address, content.length, content.sha256)

    @contextmanager
    def _told(self, target: Target) -> Iterator[None]:
        """What goes wrong there, as an ArchiveError."""
        try:
            yield
        except (ArchiveError, FetchError):
            raise
        except Exception as error:  # each store's library has errors of its own, of no common kind
            self._file_systems.forget(target)
            raise trouble_with(target, error) from error


def _not_fetched(error: FetchError) -> ArchiveError:
    return ArchiveError(
        str(error),
        kind=error.kind,
        sent="yes",
        status=error.status,
        retry_after=retry_after_seconds(error.retry_after, answered_at(error.date)),
    )


def _upload(
    files: FileSystem, path: str, chunks: Iterable[bytes], content: Content, length: int | None
) -> None:
    upload = files.open(path, "wb", block_size=BLOCK)
    try:
        for chunk in chunks:
            upload.write(chunk)
        _check_length(content, length)
    except BaseException:
        _abandon(upload)
        raise
    upload.close()
    found = files.info(path)
    if found["size"] != content.length:
        raise ArchiveError.for_now(f"{path} has {found['size']} bytes, not {content.length}")
    if str(found.get("ETag", "")).strip('"') != content.etag:
        _read_back(files, path, content)


def _abandon(upload: Any) -> None:
    """Nothing of it shall appear, also not when it is collected as garbage."""
    with suppress(Exception):
        upload.discard()
    upload.closed = True


def _write_and_move(
    files: FileSystem,
    target: Target,
    chunks: Iterable[bytes],
    content: Content,
    length: int | None,
    attempt: int,
) -> None:
    files.makedirs(target.folder, exist_ok=True)
    for left in {target.unfinished(attempt - 1), target.unfinished(attempt)}:
        with suppress(FileNotFoundError):
            files.rm_file(left)
    unfinished = target.unfinished(attempt)
    try:
        with files.open(unfinished, "wb") as writing:
            _without_waiting(writing, "set_pipelined")
            for chunk in chunks:
                writing.write(chunk)
            _check_length(content, length)
            if target.scheme == "file":
                writing.flush()
                os.fsync(writing.fileno())
        _read_back(files, unfinished, content)
        _move(files, target, unfinished)
    except BaseException:
        with suppress(Exception):
            files.rm_file(unfinished)
        raise


def _move(files: FileSystem, target: Target, unfinished: str) -> None:
    if target.scheme != "file":
        files.mv(unfinished, target.path)
        return
    os.replace(unfinished, target.path)  # fsspec's would move into a folder of that name
    folder = os.open(target.folder, os.O_RDONLY)
    try:
        os.fsync(folder)  # the move itself is to outlive a loss of power
    finally:
        os.close(folder)


def _without_waiting(file: Any, how: str) -> None:
    """Do not wait for sftp's answer to each 32 KiB; what goes wrong is told when it is closed."""
    if method := getattr(file, how, None):
        method()


def _check_length(content: Content, length: int | None) -> None:
    if content.length == 0:
        raise ArchiveError.for_now("the recording's file is empty", status=404)
    if length is not None and content.length != length:
        raise ArchiveError.for_now(f"{content.length} of {length} bytes of the recording came")


def _read_back(files: FileSystem, path: str, content: Content) -> None:
    """Raises ArchiveError where the target has not what was sent."""
    kept = Content()
    with files.open(path, "rb", block_size=CHUNK) as reading:
        _without_waiting(reading, "prefetch")
        while chunk := reading.read(CHUNK):
            kept.add(chunk)
    if (kept.length, kept.sha256) != (content.length, content.sha256):
        raise ArchiveError.for_now(f"{path} has other content than was sent there")
