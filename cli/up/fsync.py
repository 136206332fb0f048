"""Bring the embedded Valkey's file to the disk once a second.

Valkey hands every change to the kernel before it answers, so nothing that was answered is lost
when a process is killed, its own included. What the kernel has not yet brought to the disk is lost
when the machine itself dies; this bounds that to about a second. Valkey's own `everysec` would not
do: while its fsync is under way it answers without having written (docs/decisions/0002).
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

EVERY_SECONDS = 1.0
_sync = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync
State = tuple[int, int]


def keep_on_disk(data: Path, warn: Callable[[str], None]) -> None:
    """Sync what changed under `data`, for as long as the process lives; `warn` is told when the
    disk fails, and again when it works."""
    synced: dict[Path, State] = {}
    failing = False
    while True:
        try:
            synced = sync(data / "appendonlydir", synced)
        except OSError as error:
            if not failing:
                warn(f"{data} can not be brought to the disk: {error.strerror}. Make room there.")
            failing = True
        else:
            if failing:
                warn(f"{data} is brought to the disk again.")
            failing = False
        time.sleep(EVERY_SECONDS)


def sync(folder: Path, synced: dict[Path, State]) -> dict[Path, State]:
    """Sync every file that is not as it was in `synced`; answers how they are now."""
    found: dict[Path, State] = {}
    for path in folder.glob("*"):
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:  # an old one, just removed
            continue
        try:
            status = os.fstat(descriptor)
            found[path] = (status.st_mtime_ns, status.st_size)
            if synced.get(path) != found[path]:
                _sync(descriptor)
        finally:
            os.close(descriptor)
    return found
