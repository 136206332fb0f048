"""Gavel on three hosts that share nothing but the networks between them: `gavel web` and
`gavel worker` on each, clocks an hour apart, Redis and Plivo (the sandbox) on a fourth, and a
balancer in front that asks `/readyz`."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import urllib3
from redis import Redis
from redis.exceptions import RedisError

from app.store.connection import connect
from bench.chaos.network import HERE, MIDDLE, Network
from bench.chaos.processes import free_port
from bench.chaos.relay import Relay, relay
from cli.up.embedded import program
from sandbox.control.client import ControlClient

WRONG_BY: Mapping[int, int] = {11: 0, 12: 3600, 13: -3600}
"""The hosts, by the last part of their address: by how many seconds the clock of each is wrong."""
WEB, REDIS, PLIVO = 8000, 6379, 8001
ACCOUNT = "MAHOSTSHOSTSHOSTSHOS", "token-of-the-account-of-hosts"
PASSWORD = "let-me-in-on-every-host"
CHECK_SECONDS, PATIENCE = 0.5, 120.0


@dataclass
class Hosts:
    """`clocks`: are they wrong (a C compiler makes what makes them so)?"""

    folder: Path
    network: Network
    rules: str
    clocks: bool = False
    front: Relay | None = None
    _stack: ExitStack = field(default_factory=ExitStack)
    _over: threading.Event = field(default_factory=threading.Event)
    _changing: threading.Lock = field(default_factory=threading.Lock)

    @property
    def public_url(self) -> str:
        port = self.front.port if self.front else 0
        return f"http://{self.network.address('front', HERE)}:{port}"

    @property
    def redis_url(self) -> str:
        return f"redis://{self.network.address('back', MIDDLE)}:{REDIS}/0"

    def start(self) -> None:
        """Everything, ready. Raises TimeoutError."""
        self.clocks = self._build_clock()
        (self.folder / "rules.yaml").write_text(self.rules, encoding="utf-8")
        self.front = self._stack.enter_context(
            relay(host=self.network.address("front", HERE), port=free_port())
        )
        self._start_middle()
        for host in WRONG_BY:
            self.start_host(host)
        for host in WRONG_BY:
            self.until(partial(self.is_ready, host), f"host {host}")
        checks = threading.Thread(target=self._check, name="checks")
        checks.start()
        self._stack.callback(checks.join)
        self._stack.callback(self._over.set)
        self.until(lambda: len(self._served()) == len(WRONG_BY), "the balancer")

    def stop(self) -> None:
        self._stack.close()

    def start_host(self, host: int) -> None:
        for kind in ("web", "worker"):
            command = [*self.network.inside(host), sys.executable, "-m", "cli", kind]
            self._run(command, self.environ(host), f"{kind}-{host}")

    def environ(self, host: int) -> dict[str, str]:
        """What a process of that host is started with."""
        found = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "HOST": self.network.address("front", host),
            "PORT": str(WEB),
            "PUBLIC_URL": self.public_url,
            "REDIS_URL": self.redis_url,
            "PLIVO_AUTH_ID": ACCOUNT[0],
            "PLIVO_AUTH_TOKEN": ACCOUNT[1],
            "PLIVO_API_URL": self._plivo_url,
            "PLIVO_RATE": "100000/1s",
            "ADMIN_PASSWORD": PASSWORD,
            "RULES_FILE": str(self.folder / "rules.yaml"),
            "LOG_LEVEL": "warning",
        }
        if self.clocks and WRONG_BY[host]:
            found["LD_PRELOAD"] = str(self.folder / "wrong_clock.so")
            found["WRONG_BY"] = str(WRONG_BY[host])
        return found

    def kill(self, host: int) -> int:
        """All at once, and nobody is told: the cables are out before the processes die."""
        for side in ("front", "back"):
            self.network.plugged(host, side, into=False)
        return self.network.signal(host, signal.SIGKILL)

    def revive(self, host: int) -> None:
        for side in ("front", "back"):
            self.network.plugged(host, side, into=True)
        self.start_host(host)

    def run(self, host: int, *arguments: str) -> str:
        """What `gavel …` prints there."""
        return subprocess.run(
            [*self.network.inside(host), sys.executable, "-m", "cli", *arguments],
            env=self.environ(host),
            cwd=self.folder,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def web(self, host: int) -> str:
        return f"http://{self.network.address('front', host)}:{WEB}"

    def plivo(self) -> ControlClient:
        return ControlClient(self._plivo_url, ACCOUNT)

    def redis(self) -> Redis:
        return connect(self.redis_url)

    def is_ready(self, host: int) -> bool:
        return self._answers(host) == 200

    def until(self, holds: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > end:
                logs = sorted(self.folder.glob("*.log"))
                told = "".join(path.read_text(errors="replace")[-1000:] for path in logs)
                raise TimeoutError(f"waited in vain for {what}: {told}")
            time.sleep(0.05)

    @property
    def _plivo_url(self) -> str:
        return f"http://{self.network.address('front', MIDDLE)}:{PLIVO}"

    def _start_middle(self) -> None:
        inside = self.network.inside(MIDDLE)
        valkey = [str(program()), "--port", str(REDIS), "--dir", str(self.folder), "--save", ""]
        valkey += ["--bind", self.network.address("back", MIDDLE), "--protected-mode", "no"]
        self._run([*inside, *valkey, "--appendonly", "yes", "--appendfsync", "always"], {}, "redis")
        plivo = {
            "host": self.network.address("front", MIDDLE),
            "port": PLIVO,
            "auth-id": ACCOUNT[0],
            "auth-token": ACCOUNT[1],
            "service": self.public_url,
            "rate": 100_000,
            "sound": "off",
        }
        options = [f"--{name}={value}" for name, value in plivo.items()]
        order = "--switch=callback_order=ordered"  # so that the order of entering is known
        self._run([*inside, sys.executable, "-m", "sandbox", *options, order], {}, "plivo")
        self.until(self._middle_answers, "Redis and Plivo")

    def _middle_answers(self) -> bool:
        client, plivo = self.redis(), self.plivo()
        try:
            client.ping()
            plivo.switches()
        except (RedisError, urllib3.exceptions.HTTPError):
            return False
        finally:
            client.close()
            plivo.close()
        return True

    def _run(self, command: list[str], environ: Mapping[str, str], name: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                env=environ or None,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)

    def _build_clock(self) -> bool:
        compiler = shutil.which("cc")
        if compiler is None:
            return False
        source = Path(__file__).with_name("wrong_clock.c")
        made = str(self.folder / "wrong_clock.so")
        done = subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", made, source, "-ldl"])
        return done.returncode == 0

    def _check(self) -> None:
        """The balancer's: who does not say ready is sent nothing new; who says nothing at all is
        taken for dead."""
        threads = [threading.Thread(target=self._check_one, args=(host,)) for host in WRONG_BY]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _check_one(self, host: int) -> None:
        target = self.network.address("front", host), WEB
        while not self._over.wait(CHECK_SECONDS) and self.front is not None:
            status = self._answers(host)
            with self._changing:
                others = [one for one in self.front.targets if one != target]
                self.front.targets = [*others, target] if status == 200 else others
            if not status:
                self.front.cut(target)

    def _answers(self, host: int) -> int:
        """The status of its `/readyz`; 0 when there is none within a second."""
        try:
            with urlopen(f"{self.web(host)}/readyz", timeout=1) as answer:
                return int(answer.status)
        except HTTPError as error:
            return error.code
        except (OSError, HTTPException):
            return 0

    def _served(self) -> list[object]:
        return list(self.front.targets) if self.front else []
