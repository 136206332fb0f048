"""One child process of `gavel up`: started, watched, started again with back-off, stopped.

A child leads a process group of its own, so that Ctrl-C reaches only the supervisor and a child's
own children go with it. On Linux the kernel sends it SIGTERM when the supervisor dies, however it
dies (PR_SET_PDEATHSIG, docs/decisions/0061).
"""

import ctypes
import logging  # noqa: F401  # a thread that imports it while we fork spoils its lock: be first
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

FIRST_DELAY = 0.1
LONGEST_DELAY = 5.0
GOOD_LIFE = 10.0
GRACE = 10.0
PR_SET_PDEATHSIG = 1


def _with_parent() -> Callable[[], None]:
    """What a child does before it becomes its program: ask to be ended with its parent."""
    supervisor = os.getpid()
    if sys.platform != "linux":
        return lambda: None
    prctl = ctypes.CDLL(None).prctl

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != supervisor:  # it died before we asked
            os._exit(1)

    return ask


@dataclass(slots=True)
class Child:
    """`pass_fds` gives open files that the program is to keep, made new at every start;
    `show_warnings` says whether people are shown the warnings of its log."""

    name: str
    argv: Sequence[str]
    environ: Mapping[str, str]
    log: Path
    pass_fds: Callable[[], Sequence[int]] = field(default=tuple)
    show_warnings: bool = True
    process: subprocess.Popen[bytes] | None = None
    delay: float = FIRST_DELAY
    started: float = 0.0  # monotonic
    due: float = 0.0  # monotonic: start it (again) then
    log_began: int = 0  # where the log of the present process begins

    @property
    def is_young(self) -> bool:
        """Whether it has not lived long enough for its start to count as a good one."""
        return time.monotonic() - self.started < GOOD_LIFE

    def start(self) -> None:
        """Start the program; from the main thread only, whose end the kernel takes for ours.

        Raises OSError when there is no such program.
        """
        fds = self.pass_fds()
        try:
            with self.log.open("ab") as log:
                self.log_began = log.tell()
                self.process = subprocess.Popen(
                    list(self.argv),
                    env=dict(self.environ),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    pass_fds=fds,
                    preexec_fn=_with_parent(),
                )
        finally:
            for descriptor in fds:
                os.close(descriptor)
        self.started = time.monotonic()

    def death(self) -> str | None:
        """None while it lives; else how it died, and the next start is planned.

        What it left of its group is killed before its process id can be given to anybody else.
        """
        process = self.process
        if process is None or not _ended(process.pid):
            return None
        _signal_group(process.pid, signal.SIGKILL)
        code = process.wait()
        self.process = None
        now = time.monotonic()
        if now - self.started >= GOOD_LIFE:
            self.delay = FIRST_DELAY
        self.due = now + self.delay
        self.delay = min(self.delay * 2, LONGEST_DELAY)
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def stop(self, hurry: Callable[[], bool] = lambda: False) -> None:
        """SIGTERM; SIGKILL for its whole group when it still lives after 10 s or in a `hurry`."""
        process, self.process = self.process, None
        if process is None:
            return
        os.kill(process.pid, signal.SIGTERM)  # not Popen's: it would reap one that has just died
        deadline = time.monotonic() + GRACE
        while not _ended(process.pid) and time.monotonic() < deadline and not hurry():
            time.sleep(0.01)
        _signal_group(process.pid, signal.SIGKILL)
        process.wait()


def _ended(pid: int) -> bool:
    """Has the process ended? It is left a zombie, so that its id stays its own."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # nobody is left in it (macOS: only a zombie)
        return
