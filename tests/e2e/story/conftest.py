"""Starting the whole of Gavel, each time in a folder of its own and on free ports."""

import signal
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.chaos.processes import command, free_port
from tests.commands import run_gavel
from tests.e2e.story.processes import (
    ROOT,
    Process,
    Sandbox,
    answers,
    bare_environment,
)
from tests.waiting import until

NO_COPIES = {"RECORDING_PROCESSES": "0"}
"""Where no recording is kept, no process waits for one."""
RULES = (ROOT / "rules.yaml").read_text(encoding="utf-8")


@dataclass
class Gavel:
    """One `gavel up`. `environ` is what its own commands need, too."""

    up: Process
    environ: dict[str, str]
    folder: Path
    url: str
    sandbox: Sandbox

    def until_ready(self) -> None:
        """Callbacks are taken, and the sandbox is there if it is `gavel up`'s own."""
        urls = [f"{self.url}/readyz"]
        if "PLIVO_AUTH_ID" not in self.environ:
            urls.append(f"{self.sandbox.url}/sandbox/state")
        until(lambda: all(map(answers, urls)) or self.up.process.poll() is not None, "ready")
        assert self.up.process.poll() is None, self.up.output

    def ask(self, *arguments: str) -> str:
        """The output of another gavel command, run beside it."""
        done = run_gavel(*arguments, environ=self.environ, folder=self.folder)
        return done.output + done.error


Start = Callable[..., Gavel]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed shows what the Gavel it shares with others said until then."""
    report = yield
    shared = getattr(item, "funcargs", {}).get("gavel")
    if report.failed and isinstance(shared, Gavel):
        report.sections.append(("gavel up", shared.up.output))
    return report


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start `gavel up`; everything that was started is stopped in the end."""
    with starting(tmp_path) as start_gavel:
        yield start_gavel


@contextmanager
def starting(tmp_path: Path) -> Iterator[Start]:
    """The same in this folder, for as long as it takes."""
    started: list[Gavel] = []

    def start_gavel(rules: str | None = RULES, **settings: str) -> Gavel:
        if rules is not None:
            (tmp_path / "rules.yaml").write_text(rules, encoding="utf-8")
        ports = {"PORT": str(free_port()), "SANDBOX_PORT": str(free_port())} | settings
        environ = bare_environment(**ports)
        gavel = Gavel(
            Process(["-m", "cli", "up"], environ, tmp_path),
            environ,
            tmp_path,
            f"http://127.0.0.1:{ports['PORT']}",
            Sandbox(f"http://127.0.0.1:{ports['SANDBOX_PORT']}"),
        )
        started.append(gavel)
        return gavel

    yield start_gavel
    for gavel in started:
        gavel.up.stop(signal.SIGTERM, hurry=True)
        print(gavel.up.output)  # shown beside a test that failed
    assert not [pid for pid in _everyone() if str(tmp_path) in command(pid)]


def _everyone() -> Iterator[int]:
    yield from (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())


@pytest.fixture
def plivo(tmp_path: Path) -> Iterator[Callable[[str], Sandbox]]:
    """A sandbox that is not `gavel up`'s own, for a service at this URL."""
    running: list[Process] = []

    def start_sandbox(service: str) -> Sandbox:
        process = Process(["-m", "sandbox", "--service", service], bare_environment(), tmp_path)
        running.append(process)
        process.until_said("http://")
        return Sandbox(process.lines[0].strip())

    yield start_sandbox
    for process in running:
        process.stop(signal.SIGTERM)
