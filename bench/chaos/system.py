"""A whole Gavel as users start it (`gavel up`), its processes by kind, and their sudden ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.request import urlopen

from redis import Redis

from app.store.connection import connect
from bench.chaos.callbacks import TOKEN
from bench.chaos.edge import ACCOUNT
from bench.chaos.processes import command, free_port, parents_of_all
from cli.up import embedded

Kind = Literal["worker", "web", "valkey"]
LOOK_SECONDS = 0.05
"""Between two looks whether it is ready: each asks it, and reads all of /proc."""
SIGNS: Mapping[Kind, str] = {"worker": "-m workers", "web": "gunicorn", "valkey": "valkey-server"}


class System:
    """One `gavel up` with its own state in `folder`, against the Conference API at `api`.

    A setting given as "" is left as it comes."""

    def __init__(self, folder: Path, api: str, rules: str, **settings: str) -> None:
        self.folder, self.port = folder, free_port()
        self.rules = folder / "rules.yaml"
        self.rules.write_text(rules, encoding="utf-8")
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "PORT": str(self.port),
            "PLIVO_AUTH_ID": ACCOUNT,
            "PLIVO_AUTH_TOKEN": TOKEN,
            "PLIVO_API_URL": api,
            "PLIVO_RATE": "100000/1s",
            "RECONCILE_INTERVAL": "12h",
            "RULES_FILE": str(self.rules),
            "STATE_DIR": str(folder / "var"),
            "LOG_LEVEL": "warning",
            "RECORDING_PROCESSES": "0",  # no scenario keeps a recording
            **settings,
        }
        self.environ = {name: value for name, value in environ.items() if value}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready. Raises TimeoutError with what it said."""
        with (self.folder / "up.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "cli", "up"],
                env=self.environ,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.wait_ready()

    def wait_ready(self, seconds: float = 120.0) -> None:
        """Until it takes callbacks and every worker is there."""
        until = time.monotonic() + seconds
        while not (self.is_ready() and self.pids("worker")):
            if time.monotonic() > until:
                raise TimeoutError((self.folder / "up.log").read_text(errors="replace")[-2000:])
            time.sleep(LOOK_SECONDS)

    def is_ready(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def pids(self, kind: Kind) -> list[int]:
        """The living processes of a kind; gunicorn's master and its children are all `web`."""
        return [pid for pid in self.tree() if SIGNS[kind] in command(pid)]

    def tree(self) -> list[int]:
        """Every living process below the supervisor, itself not included."""
        if self._process is None:
            return []
        parents = parents_of_all()
        found = {self._process.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return sorted(found - {self._process.pid})

    def kill(self, kind: Kind, *, only_one: bool = False) -> int:
        """SIGKILL; returns how many died."""
        pids = self.pids(kind)
        return _kill(pids[:1] if only_one else pids)

    def kill_by_name(self, what: str) -> int:
        """SIGKILL of "a worker", "all workers", "web" or "valkey"; returns how many died."""
        kinds: Mapping[str, Kind] = {"web": "web", "valkey": "valkey"}
        return self.kill(kinds.get(what, "worker"), only_one=what == "a worker")

    def kill_pid(self, pid: int) -> None:
        _kill([pid])

    def kill_everything(self) -> None:
        """SIGKILL of the supervisor and all below it, at once."""
        if self._process is not None:
            _kill([self._process.pid, *self.tree()])
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """The regular end; what does not end by itself is killed."""
        if self._process is None:
            return
        pids = self.tree()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(40)
        except subprocess.TimeoutExpired:
            _kill([self._process.pid, *pids])
            self._process.wait()
        self._process = None

    def redis(self) -> Redis:
        """A client of its Redis."""
        own = embedded.url(embedded.socket_path(self.folder / "var" / "valkey"))
        return connect(self.environ.get("REDIS_URL", own))


def _kill(pids: list[int]) -> int:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return len(pids)
