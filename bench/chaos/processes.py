"""What Linux tells of running processes, and a port that is free."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
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
