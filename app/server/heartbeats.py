"""Where the web server's processes write their signs of life."""

import os
import tempfile

from app.errors import GavelError

_IN_MEMORY = "/dev/shm"  # noqa: S108 (gunicorn makes a file of its own there, without a name)


class NoFolder(GavelError):
    """The web server needs one folder that it can write to: make /dev/shm or /tmp writable, or set
    TMPDIR."""


def heartbeat_folder() -> str:
    """A folder that can be written to, in memory if there is one. Raises NoFolder."""
    if os.access(_IN_MEMORY, os.W_OK):
        return _IN_MEMORY
    try:
        return tempfile.gettempdir()
    except FileNotFoundError:
        raise NoFolder(
            "the web server needs one folder that it can write to, for its processes' signs of "
            "life: make /dev/shm or /tmp writable, or set TMPDIR"
        ) from None
