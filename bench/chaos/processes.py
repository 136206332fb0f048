"""What Linux tells of running processes, and a port that is free."""

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

LISTENING = range(12_000, 32_768)
"""Below the ports that Linux gives to connections, which may take one that was free just now."""


def free_port() -> int:
    """A port of 127.0.0.1 for somebody to listen on in a moment. By chance, and not by `random`,
    which tests begin alike: others look for one at the same time."""
    while True:
        port = secrets.choice(LISTENING)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def command(pid: int) -> str:
    """The command line of a process, "" when it is gone or only a zombie."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def living() -> Iterator[tuple[int, list[str]]]:
    """Every process that lives: its id, and its fields of /proc/ID/stat from the state on."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if fields[0] != "Z":
                yield int(entry.name), fields


def parents_of_all() -> dict[int, int]:
    return {pid: int(fields[1]) for pid, fields in living()}


def owner_of_port(port: int, pids: list[int]) -> int | None:
    """Which of these processes has a TCP connection from this local port."""
    inode = ""
    for row in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        cells = row.split()
        if int(cells[1].rpartition(":")[2], 16) == port and cells[9] != "0":
            inode = f"socket:[{cells[9]}]"
            break
    for pid in pids:
        try:
            links = [os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()]
        except OSError:
            continue
        if inode and inode in links:
            return pid
    return None
