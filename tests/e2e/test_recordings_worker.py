"""The process that copies recordings: RQ's worker, killed at its worst."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue, Worker
from rq.registry import FailedJobRegistry, StartedJobRegistry
from rq.serializers import JSONSerializer

from app.domain.event import Event, new_id
from app.store.inbox import Inbox
from app.store.recordings import Recordings
from app.store.timers import Timers
from bench.chaos.processes import living
from tests.doubles.plivo_edge import PlivoEdge, Seen, answer, plivo_edge
from tests.doubles.redis_line import redis_line
from tests.e2e.test_worker_process import url_of
from tests.waiting import until
from tests.workers.builders import context_of, work_all
from workers.bootstrap import Context

SOUND = os.urandom(1_000_000)
HALF = len(SOUND) // 2

RULES = """
version: 1
rules:
  - name: Archive
    when: recording.ready
    do:
      - archive: {{to: "file://{folder}/{{{{ recording.id }}}}.mp3"}}
"""


@pytest.fixture
def plivo() -> Iterator[PlivoEdge]:
    with plivo_edge() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest.fixture
def context(alone: Redis, tmp_path: Path, folder: Path) -> Context:
    return context_of(alone, "http://127.0.0.1:9", tmp_path, RULES.format(folder=folder))


@contextmanager
def copier(redis: Redis, plivo: PlivoEdge, url: str = "") -> Iterator[subprocess.Popen[str]]:
    """`url`: where it finds this Redis, if not where we do."""
    environment = {
        "PATH": os.environ["PATH"],
        "REDIS_URL": url or url_of(redis),
        "PLIVO_AUTH_ID": "MA" + "X" * 18,
        "PLIVO_AUTH_TOKEN": "token",
        "PLIVO_API_URL": plivo.url,
    }
    with subprocess.Popen(
        [sys.executable, "-m", "workers.recordings"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ready(redis: Redis, plivo: PlivoEdge, id: str) -> None:
    data = {"recording_id": id, "url": f"{plivo.url}/{id}.mp3", "duration": 60.0, "format": "mp3"}
    event = Event(new_id(), "recording.ready", "sales-1", 0.0, "uuid-1", data)
    Inbox(redis).accept(event, identities=[])


def clock_until(context: Context, holds: Callable[[], object], what: str) -> None:
    """A worker's threads and clock beside it, until something holds."""

    def turn() -> object:
        Timers(context.redis).tick()
        work_all(context)
        return holds()

    until(turn, what)


def horses(parent: int) -> list[int]:
    """What it has forked, and lives."""
    return [pid for pid, fields in living() if fields[1] == str(parent)]


def half(reached: threading.Event, go_on: threading.Event) -> Callable[[Seen, socket.socket], None]:
    """The first half of the file, and then nothing until it is told to go on."""

    def run(seen: Seen, connection: socket.socket) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(SOUND)}\r\n\r\n".encode()
        connection.sendall(head + SOUND[:HALF])
        reached.set()
        go_on.wait()
        connection.sendall(SOUND[HALF:])

    return run


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir()) if folder.exists() else []


@pytest.mark.parametrize("whom", ["worker", "horse", "both"])
def test_whoever_is_killed_in_the_middle_is_replaced(
    context: Context, plivo: PlivoEdge, folder: Path, whom: str
) -> None:
    redis = context.redis
    reached, go_on = threading.Event(), threading.Event()
    plivo.scripts.append(half(reached, go_on))
    plivo.answers(*[answer(200, SOUND)] * 3)
    ready(redis, plivo, "r-1")
    work_all(context)
    with copier(redis, plivo) as first, copier(redis, plivo) as second:
        assert reached.wait(60)
        (victim,) = [one for one in (first, second) if horses(one.pid)]
        (horse,) = horses(victim.pid)
        until(lambda: any(name.endswith(".part") for name in names(folder)), "what is half")
        assert "r-1.mp3" not in names(folder)
        for pid in {"worker": [victim.pid], "horse": [horse], "both": [victim.pid, horse]}[whom]:
            os.kill(pid, signal.SIGKILL)
        clock_until(context, lambda: names(folder) == ["r-1.mp3"], "the copy")
        assert (folder / "r-1.mp3").read_bytes() == SOUND
        kept = Recordings(redis)
        clock_until(context, lambda: (one := kept.get("r-1")) and one.archived_to, "its record")
        go_on.set()


def test_rq_shows_what_is_done_and_keeps_what_failed(
    context: Context, plivo: PlivoEdge, folder: Path
) -> None:
    redis = context.redis
    reached, go_on = threading.Event(), threading.Event()
    queue = Queue("recordings", connection=redis, serializer=JSONSerializer)
    plivo.scripts.append(half(reached, go_on))
    plivo.answers(answer(401), answer(200, SOUND))
    for id in ("r-1", "r-2", "r-3"):
        ready(redis, plivo, id)
    work_all(context)
    assert len(queue.jobs) == 3
    with copier(redis, plivo) as process:
        assert reached.wait(60)
        (worker,) = Worker.all(connection=redis, queue=queue)
        assert worker.name.startswith("gavel-recordings-")
        assert len(StartedJobRegistry(queue=queue)) == 1
        go_on.set()
        clock_until(context, lambda: names(folder) == ["r-1.mp3", "r-3.mp3"], "the others")
        failed = FailedJobRegistry(queue=queue)
        until(lambda: len(failed) == 1, "the one that failed")
        job = queue.fetch_job(failed.get_job_ids()[0])
        assert job is not None
        result = job.latest_result()
        assert result is not None
        assert "answered 401" in (result.exc_string or "")
        until(lambda: not horses(process.pid), "the end of the work")
        until(lambda: len(StartedJobRegistry(queue=queue)) == 0, "nothing is under way")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_sigterm_lets_what_is_being_copied_end(
    context: Context, plivo: PlivoEdge, folder: Path
) -> None:
    reached, go_on = threading.Event(), threading.Event()
    plivo.scripts.append(half(reached, go_on))
    ready(context.redis, plivo, "r-1")
    work_all(context)
    with copier(context.redis, plivo) as process:
        assert reached.wait(60)
        process.send_signal(signal.SIGTERM)
        go_on.set()
        assert process.wait(60) == 0
    assert (folder / "r-1.mp3").read_bytes() == SOUND


def test_sigterm_ends_it_while_redis_is_away(alone: Redis, plivo: PlivoEdge) -> None:
    """It can not sign off then, and there is nothing that it could finish."""
    place = alone.connection_pool.connection_kwargs
    with (
        redis_line(place["host"], place["port"]) as line,
        copier(alone, plivo, f"redis://127.0.0.1:{line.port}/0") as process,
    ):
        until(lambda: Worker.all(connection=alone), "it to be at work")
        line.shut_for(1_000_000)
        until(lambda: line.refused, "it to miss Redis")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
