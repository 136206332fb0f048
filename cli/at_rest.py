"""Reading what the embedded Valkey holds while `gavel up` does not run."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.up import embedded
from cli.up.embedded import ValkeyError

KEPT_IN = "appendonlydir"


def is_at_rest(data: Path) -> bool:
    """Something was stored there, and no server answers for it."""
    return (data / KEPT_IN).is_dir() and not embedded.answers(embedded.socket_path(data))


@contextmanager
def server_of_copy(data: Path) -> Iterator[str]:
    """The address of a server that holds a copy of the data, for as long as this lasts: the files
    themselves stay as they are, and `gavel up` can start meanwhile.

    Raises ValkeyError when a server has them after all, and when they can not be copied or loaded.
    """
    with tempfile.TemporaryDirectory(prefix="gavel-") as folder:
        copy = Path(folder)
        with embedded.locked(data, seconds=0.0):
            try:
                shutil.copytree(data / KEPT_IN, copy / KEPT_IN)
            except (OSError, shutil.Error) as error:
                raise ValkeyError(f"what is kept in {data} can not be copied: {error}") from None
        socket_file = embedded.socket_path(copy)
        with subprocess.Popen(
            embedded.arguments(copy, socket_file),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as server:
            try:
                while not embedded.answers(socket_file):
                    if server.poll() is not None:
                        raise ValkeyError(f"what is kept in {data} can not be loaded")
                    time.sleep(0.02)
                yield embedded.url(socket_file)
            finally:
                server.kill()
