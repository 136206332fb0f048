"""The embedded Valkey: a real one, started the way `gavel up` starts it."""

import io
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from cli.output.terminal import Terminal
from cli.up import embedded
from cli.up.supervised_process import Child
from cli.up.supervisor import Supervisor
from tests.cli.builders import look_until


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[tuple[Supervisor, Child, Path]]:
    data = tmp_path / "valkey"
    socket_file = embedded.socket_path(data)
    terminal = Terminal(io.StringIO())
    supervisor = Supervisor(terminal)
    child = Child(
        "valkey",
        embedded.arguments(data, socket_file),
        dict(os.environ),
        tmp_path / "valkey.log",
        pass_fds=lambda: embedded.lock(data),
    )
    supervisor.add(child)
    look_until(supervisor, lambda: embedded.answers(socket_file))
    yield supervisor, child, socket_file
    supervisor.stop(())
    terminal.close()


def test_what_was_written_survives_sigkill_at_the_same_address(
    valkey: tuple[Supervisor, Child, Path],
) -> None:
    supervisor, child, socket_file = valkey
    with Redis.from_url(embedded.url(socket_file)) as redis:
        redis.set("written", "kept")
    assert child.process
    os.kill(child.process.pid, signal.SIGKILL)
    look_until(supervisor, lambda: child.process is None)
    look_until(supervisor, lambda: embedded.answers(socket_file))
    with Redis.from_url(embedded.url(socket_file)) as redis:
        assert redis.get("written") == b"kept"


def test_it_writes_everything_down_and_evicts_nothing(
    valkey: tuple[Supervisor, Child, Path],
) -> None:
    with Redis.from_url(embedded.url(valkey[2])) as redis:
        found = redis.config_get("append*", "save", "maxmemory-policy", "port")
    wanted = {"appendonly": "yes", "appendfsync": "no", "save": "", "port": "0"}
    assert found.items() >= (wanted | {"maxmemory-policy": "noeviction"}).items()


def test_nobody_else_on_the_machine_may_connect(valkey: tuple[Supervisor, Child, Path]) -> None:
    assert valkey[2].stat().st_mode & 0o077 == 0


def test_a_second_server_waits_for_the_lock_of_the_first(
    valkey: tuple[Supervisor, Child, Path], tmp_path: Path
) -> None:
    with pytest.raises(embedded.ValkeyError, match="another Valkey server still uses"):
        embedded.lock(tmp_path / "valkey", seconds=0.0)


def test_a_path_that_is_too_long_for_a_socket_gets_a_private_short_one(tmp_path: Path) -> None:
    short = embedded.socket_path(tmp_path / ("long" * 30))
    assert len(os.fsencode(short)) <= embedded.LONGEST_SOCKET_PATH
    assert short.parent.stat().st_mode & 0o777 == 0o700
    assert short == embedded.socket_path(tmp_path / ("long" * 30))
    short.parent.rmdir()
