"""The supervisor with real child processes."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.output.terminal import Terminal
from cli.up.supervised_process import FIRST_DELAY, LONGEST_DELAY, Child
from cli.up.supervisor import Supervisor
from tests.cli.builders import look_until
from tests.waiting import alive, until

SLEEP = "import time; time.sleep(3600)"
STUBBORN = (
    "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(3600)"
)


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def supervisor(screen: io.StringIO) -> Iterator[Supervisor]:
    terminal = Terminal(screen)
    supervisor = Supervisor(terminal)
    with supervisor.signals():
        yield supervisor
        supervisor.stop(())
    terminal.close()


def child(tmp_path: Path, program: str = SLEEP, name: str = "sleeper") -> Child:
    return Child(name, [sys.executable, "-c", program], dict(os.environ), tmp_path / f"{name}.log")


def pid(child: Child) -> int:
    assert child.process
    return child.process.pid


def test_a_killed_child_is_started_again(supervisor: Supervisor, tmp_path: Path) -> None:
    sleeper = child(tmp_path)
    supervisor.add(sleeper)
    first = pid(sleeper)
    os.kill(first, signal.SIGKILL)
    look_until(supervisor, lambda: sleeper.process is not None and pid(sleeper) != first)
    assert alive(pid(sleeper))


def test_what_a_dead_child_left_behind_is_ended_before_it_starts_again(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    spawn = (
        f"import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', {SLEEP!r}])\n"
        f"print(child.pid, flush=True); {SLEEP}"
    )
    parent = child(tmp_path, spawn)
    supervisor.add(parent)
    until(lambda: parent.log.read_text().strip(), "the grandchild's process id")
    grandchild = int(parent.log.read_text())
    os.kill(pid(parent), signal.SIGKILL)
    look_until(supervisor, lambda: parent.process is None)
    until(lambda: not alive(grandchild), "the grandchild to be gone")


def test_the_pause_before_a_start_doubles_up_to_five_seconds_and_is_told(
    supervisor: Supervisor, screen: io.StringIO, tmp_path: Path
) -> None:
    broken = child(tmp_path, "raise SystemExit('no such luck')", "broken")
    supervisor.add(broken)
    delays = []
    for _ in range(8):
        look_until(supervisor, lambda: broken.process is None)
        delays.append(broken.delay)
        broken.due = time.monotonic()
        look_until(supervisor, lambda: broken.process is not None)
    assert delays[:3] == [FIRST_DELAY * 2, FIRST_DELAY * 4, FIRST_DELAY * 8]
    assert delays[-1] == LONGEST_DELAY
    until(lambda: "broken died (exit code 1)" in screen.getvalue(), "the death on the screen")
    until(lambda: "broken: no such luck" in screen.getvalue(), "its last words on the screen")


def test_a_child_that_ignores_sigterm_is_killed_when_the_end_is_asked_for_twice(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    stubborn = child(tmp_path, STUBBORN)
    supervisor.add(stubborn)
    until(lambda: stubborn.log.read_text(), "the child to ignore SIGTERM")
    process = pid(stubborn)
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGINT)
    stubborn.stop(hurry=lambda: True)
    assert not alive(process)


def test_children_stop_in_the_order_that_is_asked_for(tmp_path: Path) -> None:
    terminal = Terminal(io.StringIO())
    supervisor = Supervisor(terminal)
    order = tmp_path / "order"
    for name in ("valkey", "web", "worker-1"):
        program = (
            "import signal, sys, time\n"
            f"def end(*_): open({str(order)!r}, 'a').write({name!r} + ' '); sys.exit()\n"
            "signal.signal(15, end); print('up', flush=True); time.sleep(3600)"
        )
        one = child(tmp_path, program, name)
        supervisor.add(one)
        until(lambda log=one.log: log.read_text(), f"{name} to be up")
    supervisor.stop(("web", "worker", "valkey"))
    terminal.close()
    assert order.read_text().split() == ["web", "worker-1", "valkey"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_children_end_with_a_supervisor_that_is_killed(tmp_path: Path, number: int) -> None:
    program = (
        "import os, sys, time; from pathlib import Path\n"
        "from cli.up.supervised_process import Child\n"
        f"log = Path({str(tmp_path / 'log')!r})\n"
        f"child = Child('c', [sys.executable, '-c', {SLEEP!r}], os.environ, log)\n"
        "child.start(); print(child.process.pid, flush=True); time.sleep(3600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as supervisor:
        assert supervisor.stdout
        orphan = int(supervisor.stdout.readline())
        assert alive(orphan)
        supervisor.send_signal(number)
        supervisor.wait()
    until(lambda: not alive(orphan), "the child to end with its supervisor")


def test_warnings_in_a_log_are_shown_and_the_rest_is_not(
    supervisor: Supervisor, screen: io.StringIO, tmp_path: Path
) -> None:
    program = f"print('INFO quiet'); print('WARNING \\x1b[2J loud', flush=True); {SLEEP}"
    supervisor.add(child(tmp_path, program))
    look_until(supervisor, lambda: "loud" in screen.getvalue())
    assert "WARNING \\x1b[2J loud" in screen.getvalue()
    assert "quiet" not in screen.getvalue()


def test_what_a_child_says_each_time_before_it_dies_is_shown_once(
    supervisor: Supervisor, screen: io.StringIO, tmp_path: Path
) -> None:
    at = "2026-01-05T10:00:00.%sZ"
    program = (
        f"import os, time; print('{at} ERROR no such rules' % os.getpid(), flush=True)\n"
        f"while not os.path.exists({str(tmp_path)!r} + '/end' + str(os.getpid())): time.sleep(0.01)"
    )
    broken = child(tmp_path, program, "broken")
    supervisor.add(broken)
    for deaths in (1, 2):
        look_until(supervisor, lambda: broken.process is not None)
        number = pid(broken)
        look_until(supervisor, lambda number=number: f".{number}Z" in broken.log.read_text())
        supervisor.look_at_logs()
        (tmp_path / f"end{number}").touch()
        look_until(supervisor, lambda deaths=deaths: screen.getvalue().count(" died") == deaths)
    assert screen.getvalue().count("no such rules") == 1
    assert "broken died as before (exit code 0)" in screen.getvalue()


def test_a_signal_that_was_ignored_at_the_start_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Supervisor(Terminal(io.StringIO())).signals():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
