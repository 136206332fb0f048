"""The signs of life of the web server's processes, without a file: nothing need be writable."""

import os
import tempfile
import time
from typing import Any

EVERY_SECONDS = 1.0


class Heartbeat:
    """In the place of gunicorn's `WorkerTmp`: the process sets the time of an open file, which its
    master reads. The file lies in memory where the system has such (Linux)."""

    def __init__(self, _config: Any) -> None:
        self._told = float("-inf")
        if hasattr(os, "memfd_create"):
            self._file = os.fdopen(os.memfd_create("gavel-heartbeat"), "w+b", 0)
        else:
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (`close` closes it)

    def notify(self) -> None:
        """Asked in every round of the loop, which the master needs to see now and then only."""
        now = time.monotonic()  # what the master compares it with
        if now - self._told < EVERY_SECONDS:
            return
        self._told = now
        os.utime(self._file.fileno(), (now, now))

    def last_update(self) -> float:
        return os.fstat(self._file.fileno()).st_mtime

    def fileno(self) -> int:
        return self._file.fileno()

    def close(self) -> None:
        self._file.close()
