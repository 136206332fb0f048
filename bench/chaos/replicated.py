"""A Redis that fails over: a primary, its replicas and Sentinels, real ones, on 127.0.0.1."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from bench.chaos.processes import free_port
from cli.up.embedded import program

SERVICE = "gavel"
LOGIN = "default", "once-it-is-cut-off"
"""Whoever gives it gets in at any time: before, no password is asked for."""
DOWN_AFTER_MS = 2000
PATIENCE = 120.0


class EndedAtOnce(Exception):
    """A server did not start; the message is what it said. Its port may be somebody's by now."""


@dataclass
class Server:
    """One process of `valkey-server`, a Sentinel or not."""

    folder: Path
    port: int
    arguments: list[str]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(program()), *self.arguments], cwd=self.folder, stdout=log, stderr=log
            )
        client, process = self.client(), self.process

        def answers() -> bool:
            if process.poll() is not None:
                raise EndedAtOnce((self.folder / "log").read_text(errors="replace")[-1000:])
            return bool(client.ping())

        try:
            wait_until(answers, f"the server at {self.port}")
        finally:
            client.close()

    def client(self) -> Redis:
        return Redis("127.0.0.1", self.port, socket_timeout=5.0)

    def cut_off(self) -> None:
        """From now on replicas and Sentinels reach it no more; who gives `LOGIN` still does."""
        with self.client() as client:
            client.auth(LOGIN[1], LOGIN[0])
            client.execute_command("ACL", "SETUSER", LOGIN[0], "resetpass", f">{LOGIN[1]}")
            for one in client.client_list():
                if one["name"].startswith("sentinel-"):
                    client.client_kill_filter(one["id"])
            client.client_kill_filter(_type="replica")

    def signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@dataclass
class Replicated:
    """`servers`: the first one is the primary at the start."""

    folder: Path
    servers: list[Server] = field(default_factory=list)
    sentinels: list[Server] = field(default_factory=list)

    @property
    def url(self) -> str:
        places = ",".join(f"127.0.0.1:{one.port}" for one in self.sentinels)
        return f"redis+sentinel://{':'.join(LOGIN)}@{places}/{SERVICE}/0"

    def start(self, replicas: int, sentinels: int, **options: str) -> None:
        """Started, all of them known to each other."""
        for number in range(replicas + 1):
            self.servers.append(_data(self.folder / f"data-{number}", self.servers, options))
            self.servers[-1].start()
        for number in range(sentinels):
            self.sentinels.append(_sentinel(self.folder / f"sentinel-{number}", self.servers[0]))
            self.sentinels[-1].start()
        for sentinel in self.sentinels:
            wait_until(lambda one=sentinel: self._is_complete(one, replicas), "the Sentinels")
        wait_until(lambda: self._replicates(replicas), "the replicas")

    def _is_complete(self, sentinel: Server, replicas: int) -> bool:
        with sentinel.client() as client:
            state: Any = client.execute_command("SENTINEL MASTER", SERVICE)
        others = len(self.sentinels) - 1
        return bool((state["num-other-sentinels"], state["num-slaves"]) == (others, replicas))

    def _replicates(self, replicas: int) -> bool:
        with self.servers[0].client() as client:
            found: Any = client.info("replication")
        states = [found.get(f"slave{number}", {}).get("state") for number in range(replicas)]
        return states == ["online"] * replicas

    def primary(self) -> Server:
        """The one that the first Sentinel names."""
        with self.sentinels[0].client() as client:
            place: Any = client.execute_command("SENTINEL GET-MASTER-ADDR-BY-NAME", SERVICE)
        return next(one for one in self.servers if one.port == place[1])

    def fail_over(self, *options: str) -> None:
        """Order it, of the last Sentinel: what it knows the others hear of later."""

        def taken() -> bool:
            with self.sentinels[-1].client() as client:
                return bool(client.execute_command("SENTINEL", "FAILOVER", SERVICE, *options))

        wait_until(taken, "the failover to be ordered")

    def end(self) -> None:
        for one in [*self.sentinels, *self.servers]:
            one.signal(signal.SIGCONT)
            one.end()


@contextmanager
def replicated(replicas: int = 1, sentinels: int = 3, **options: str) -> Iterator[Replicated]:
    """All of it, gone afterwards. `options` are of the servers' configuration."""
    made = Replicated(Path(tempfile.mkdtemp(prefix="gavel-replicated-")))
    try:
        made.start(replicas, sentinels, **options)
        yield made
    finally:
        made.end()
        shutil.rmtree(made.folder, ignore_errors=True)


def _data(folder: Path, before: list[Server], options: dict[str, str]) -> Server:
    port = free_port()
    # No delay before the first synchronisation: tests would wait for it.
    settings = {"save": "", "appendonly": "no", "repl-diskless-sync-delay": "0"} | {
        name.replace("_", "-"): value for name, value in options.items()
    }
    if before:
        settings["replicaof"] = f"127.0.0.1 {before[0].port}"
    arguments = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    for name, value in settings.items():
        arguments += [f"--{name}", *(value.split() or [""])]
    return Server(folder, port, arguments)


def _sentinel(folder: Path, primary: Server) -> Server:
    port = free_port()
    folder.mkdir(parents=True)
    (folder / "sentinel.conf").write_text(
        f"port {port}\nbind 127.0.0.1\ndir {folder}\n"
        f"sentinel monitor {SERVICE} 127.0.0.1 {primary.port} 2\n"
        f"sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER_MS}\n"
        f"sentinel failover-timeout {SERVICE} 20000\n"
    )
    return Server(folder, port, [str(folder / "sentinel.conf"), "--sentinel"])


def wait_until(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with suppress(RedisError, OSError):
            if holds():
                return
        time.sleep(0.05)
    raise TimeoutError(f"waited {PATIENCE:g} s in vain for {what}")
