"""One part of a file, small enough to be held whole: what a player that seeks asks for.

However much is asked for, at most `MOST` bytes are answered; RFC 9110, 15.3.7, lets a server do
so, and players ask for what follows. So nobody who listens holds a thread for longer than a part
takes.
"""

import errno
import os
from collections.abc import Iterable
from dataclasses import dataclass
from stat import S_ISREG

from app.errors import GavelError
from app.fetching.recordings import Download, FetchError, RecordingSource

MOST = 256 * 1024
"""16 s of a recording of 128 kbit/s. The web server gives a client 10 s to read an answer."""


class NoSuchPart(GavelError):
    """The file ends before the part begins; `whole` is its length in bytes, where that is known."""

    def __init__(self, whole: int | None) -> None:
        super().__init__("the recording's file has no such part")
        self.whole = whole


@dataclass(frozen=True, slots=True)
class Wanted:
    """From the byte `first` on, to `last` and with it, None for the end of the file. A negative
    `first` is so many bytes before the end."""

    first: int = 0
    last: int | None = None

    @property
    def header(self) -> str:
        """As Range has it, and no more than is answered."""
        if self.first < 0:
            return f"bytes={self.first}"
        furthest = self.first + MOST - 1
        return f"bytes={self.first}-{furthest if self.last is None else min(self.last, furthest)}"

    def within(self, whole: int) -> tuple[int, int]:
        """Its first byte and its length in a file of so many bytes. Raises NoSuchPart."""
        first = max(0, whole + self.first) if self.first < 0 else self.first
        if first >= whole:
            raise NoSuchPart(whole)
        end = whole if self.last is None else min(self.last + 1, whole)
        return first, min(end - first, MOST)


@dataclass(frozen=True, slots=True)
class Part:
    """`content` begins at the byte `first` of a file of `whole` bytes."""

    content: bytes
    first: int
    whole: int

    @property
    def is_all(self) -> bool:
        return len(self.content) == self.whole

    @property
    def content_range(self) -> str:
        return f"bytes {self.first}-{self.first + len(self.content) - 1}/{self.whole}"


def fetched(source: RecordingSource, url: str, wanted: Wanted) -> Part:
    """A part of the file behind this address; from a host that serves none it is read up to there.
    Raises FetchError and NoSuchPart."""
    try:
        with source.open(url, wanted.header) as download:
            return _part(download, wanted)
    except FetchError as error:
        if error.status == 416:
            raise NoSuchPart(None) from None
        raise


def from_disk(path: str, wanted: Wanted) -> Part:
    """The same of a file of this machine. Raises OSError, also for what is no file, and
    NoSuchPart."""
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # no fifo is waited for
    try:
        found = os.fstat(number)
        if not S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "is no file", path)
        first, length = wanted.within(found.st_size)
        return Part(os.pread(number, length, first), first, found.st_size)
    finally:
        os.close(number)


def _part(download: Download, wanted: Wanted) -> Part:
    if download.whole is None:
        raise FetchError("the recording's host does not say how long the file is", kind="permanent")
    first, length = wanted.within(download.whole)
    before = first - download.first
    if before < 0:
        raise FetchError("the recording's host sent another part than was asked for")
    content = _cut(download.chunks, before, length)
    if len(content) < length:
        raise FetchError("the recording's file broke off")
    return Part(content, first, download.whole)


def _cut(chunks: Iterable[bytes], before: int, length: int) -> bytes:
    """So many bytes after those `before`; nothing more is read."""
    kept = bytearray()
    for chunk in chunks:
        kept += chunk[before:]
        before = max(0, before - len(chunk))
        if len(kept) >= length:
            break
    return bytes(kept[:length])
