"""Waiting for something to become true, with an end, so that a broken program can not hang us."""

import time
from collections.abc import Callable

from cli.up.supervisor import Supervisor


def until(holds: Callable[[], object], what: str, seconds: float = 20.0) -> None:
    """Returns as soon as `holds()` is true; fails with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s in vain: {what}")
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Is there such a process, and not only what is left of it (a zombie)?"""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def look_until(supervisor: Supervisor, holds: Callable[[], object]) -> None:
    """The supervisor does its work until this holds, at most for as long as `until` waits."""

    def look() -> object:
        supervisor.look()
        return holds()

    until(look, "what the supervisor was to do")
