"""A file as it changes: told by its content, however an editor, git or a ConfigMap replaces it.

What the file system says of a file (`stat`) only saves reading; once a second the bytes are read
anyway, since times and inodes can stay the same over a change. A changed content counts when it
has been the same for `SETTLED` seconds: who writes a file slowly pauses, and a file that is cut off
behind an entry is a good, shorter one.
"""

import hashlib
import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.yaml.document import MAX_BYTES

TRUSTED = 1.0  # seconds that an unchanged `stat` is believed
SETTLED = 0.9  # seconds that a changed content must stay as it is
AT_FIRST = 0.1  # seconds between two reads that must agree when there is nothing yet to go on with
_READS = 6


@dataclass(frozen=True, slots=True)
class Content:
    """What was found: bytes, or in `failure` why there are none ("is not a file"). Equal when they
    mean the same."""

    data: bytes = b""
    failure: str = ""

    @property
    def mark(self) -> str:
        return self.failure or hashlib.sha256(self.data).hexdigest()


def read_content(path: str) -> Content:
    """What the file has now, up to a byte more than a file may have."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return Content(failure="is not a file")
        with Path(path).open("rb") as file:
            return Content(file.read(MAX_BYTES + 1))
    except OSError as error:
        return Content(failure=f"cannot be read: {error.strerror}")


Signature = tuple[int, ...]


def signature(path: str) -> Signature:
    """What the file system says of a file: it is another one when somebody has written it."""
    try:
        found = os.stat(path)
    except OSError as error:
        return (error.errno or 0,)
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


class ChangingFile:
    """One file. Not for several threads at once."""

    def __init__(
        self,
        path: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._path, self._clock, self._pause = path, clock, pause
        self._seen: str | None = None
        self._next = ("", 0.0)  # what it has become, and since when it is that
        self._stat: Signature = ()
        self._read_at = float("-inf")

    def poll(self) -> Content | None:
        """What the file became since the last answer; None when it is as it was, or has not been
        as it is for long enough: ask twice a second. The first answer is never None, and takes
        0.1 s."""
        if self._seen is None:
            content = self._first()
        else:
            found = None if self._unchanged() else read_content(self._path)
            if found is None or not self._is_settled(found):
                return None
            content = found
        self._seen = content.mark
        return content

    def _unchanged(self) -> bool:
        """Whether there is nothing to look at."""
        now, found = self._clock(), signature(self._path)
        if found == self._stat and now - self._read_at < TRUSTED and not self._next[0]:
            return True
        self._stat, self._read_at = found, now
        return False

    def _is_settled(self, content: Content) -> bool:
        """Whether this content is new and has been so for a while."""
        if content.mark == self._seen:
            self._next = ("", 0.0)
            return False
        if content.mark != self._next[0]:
            self._next = (content.mark, self._clock())
        if self._clock() - self._next[1] < SETTLED:
            return False
        self._next = ("", 0.0)
        return True

    def _first(self) -> Content:
        """The content that two reads agree on, or what was read last."""
        before = read_content(self._path)
        for _ in range(_READS):
            self._pause(AT_FIRST)
            content = read_content(self._path)
            if content == before:
                break
            before = content
        return before
