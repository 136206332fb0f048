"""Reading what `gavel up` has left: a real server's files, asked by the real commands."""

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from redis import Redis

from cli.at_rest import server_of_copy
from cli.main import gavel
from cli.up import embedded
from tests.cli.test_asking import entered, write_journal
from tests.waiting import until


def run(folder: Path, *arguments: str) -> Result:
    env = {"REDIS_URL": "", "STATE_DIR": str(folder)}
    return CliRunner().invoke(gavel, arguments, env=env)


def contents(data: Path) -> Mapping[str, bytes]:
    return {str(file): file.read_bytes() for file in data.rglob("*.*") if file.is_file()}


def valkey(data: Path) -> subprocess.Popen[bytes]:
    data.mkdir(exist_ok=True)
    socket_file = embedded.socket_path(data)
    server = subprocess.Popen(embedded.arguments(data, socket_file), stdout=subprocess.DEVNULL)
    until(lambda: embedded.answers(socket_file), "Valkey")
    return server


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """The folder of a `gavel up` that was killed; `board-1` had a member."""
    data = tmp_path / "valkey"
    with valkey(data) as server:
        with Redis.from_url(embedded.url(embedded.socket_path(data))) as redis:
            write_journal(redis, "board-1", entered("board-1"))
        os.kill(server.pid, signal.SIGKILL)
    return tmp_path


def test_the_story_can_be_read_and_stays_as_it_is(left: Path) -> None:
    before = contents(left / "valkey")
    told = run(left, "why", "board-1")
    assert told.exit_code == 0
    assert "member 1 entered" in told.output
    assert "Gavel does not run here: this is what it has left." in told.stderr
    assert "board-1" in run(left, "conferences", "--all").output
    assert contents(left / "valkey") == before


def test_no_server_is_left_behind(left: Path) -> None:
    with server_of_copy(left / "valkey") as url, Redis.from_url(url) as redis:
        pid = int(redis.info()["process_id"])
        folder = Path(str(redis.config_get("dir")["dir"]))
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not folder.exists()


def test_files_that_can_not_be_loaded_are_told(left: Path) -> None:
    for file in (left / "valkey" / "appendonlydir").glob("*.aof"):
        file.write_bytes(b"*1\r\n$nonsense\r\n" * 3)
    told = run(left, "why", "board-1")
    assert "can not be loaded" in str(told.exception)


def test_one_that_runs_is_asked_itself(left: Path) -> None:
    with valkey(left / "valkey") as server:
        told = run(left, "why", "board-1")
        server.kill()
    assert told.exit_code == 0
    assert told.stderr == ""


def test_who_would_change_something_is_told_to_start_it(left: Path) -> None:
    told = run(left, "retry", "--all")
    assert "Start `gavel up` here" in str(told.exception)
