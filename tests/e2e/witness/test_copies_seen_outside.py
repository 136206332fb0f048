"""Recordings are copied to a server of sftp, with what logs in there; seen in its folder."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from bench.chaos.processes import free_port
from cli.up import embedded
from tests.doubles.sftp_server import PASSWORD, SftpServer, sftp_server
from tests.e2e.story.processes import Process, Sandbox, answers, bare_environment
from tests.e2e.witness.witnesses import drives
from tests.waiting import PATIENCE, until

RULES = """
version: 1
rules:
  - name: Record
    when: member.entered
    match: {{conference: "kept-*"}}
    do: [record]
  - name: Keep
    when: recording.ready
    match: {{conference: "kept-*"}}
    do:
      - archive:
          to: "sftp://{host}/calls/{{{{ conference.name }}}}/{{{{ recording.id }}}}.mp3"
          delete_at_plivo: true
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SftpServer]:
    with sftp_server(tmp_path / "sftp") as running:
        yield running


@drives("metric gavel_queue_jobs")
@drives("action archive", "option archive.to", "option archive.delete_at_plivo")
@drives("command recordings-worker", "setting RECORDING_PROCESSES", "setting SFTP_PASSWORD")
@drives("setting SFTP_KEY", "setting SFTP_KNOWN_HOSTS")
@pytest.mark.parametrize("by", ["password", "key"])
def test_a_recording_is_copied_by_a_process_beside_gavel_up(
    server: SftpServer, tmp_path: Path, by: str
) -> None:
    (tmp_path / "rules.yaml").write_text(RULES.format(host=server.host))
    port, sandbox_port = str(free_port()), str(free_port())
    environ = bare_environment(PORT=port, SANDBOX_PORT=sandbox_port, RECORDING_PROCESSES="0")
    up = Process(["-m", "cli", "up"], environ, tmp_path)
    sandbox = Sandbox(f"http://127.0.0.1:{sandbox_port}")
    try:
        urls = (f"http://127.0.0.1:{port}/readyz", f"{sandbox.url}/sandbox/state")
        until(lambda: all(map(answers, urls)), "ready")
        assert not [line for line in up.children().values() if "workers.recordings" in line]
        call = sandbox.call_in("kept-1")
        sandbox.until_asked("kept-1", "record")
        sandbox.advance(3.0)
        sandbox.hang_up(call)
        waits = 'gavel_queue_jobs{queue="recordings",state="waiting"} 1.0'
        until(lambda: waits in metrics(port), "the job")
        (url,) = sandbox.recordings("kept-1")
        with urlopen(url, timeout=PATIENCE) as answer:
            plivos = answer.read()
        login = {"SFTP_PASSWORD": PASSWORD} if by == "password" else {"SFTP_KEY": server.key}
        login["SFTP_KNOWN_HOSTS"] = str(server.known_hosts)
        settings = beside(tmp_path, sandbox, login)
        copier = Process(["-m", "cli", "recordings-worker"], settings, tmp_path)
        try:
            until(lambda: files(server), lambda: copier.output)
            until(lambda: not sandbox.recordings("kept-1"), "Plivo's own copy to be gone")
        finally:
            assert copier.stop(signal.SIGTERM) == 0
        copied = files(server)[0].read_bytes()
        assert copied == plivos
        told = f"gavel_archive_bytes_total {len(copied)}.0"
        until(lambda: told in metrics(port), lambda: metrics(port))
    finally:
        up.stop(signal.SIGTERM, hurry=True)


def metrics(port: str) -> str:
    with urlopen(f"http://127.0.0.1:{port}/metrics/cluster", timeout=PATIENCE) as answer:
        return str(answer.read().decode())


def beside(folder: Path, sandbox: Sandbox, login: dict[str, str]) -> dict[str, str]:
    """What a process needs that works beside this `gavel up`."""
    account = json.loads((folder / "var/sandbox.json").read_text())
    return bare_environment(
        REDIS_URL=embedded.url(embedded.socket_path(folder / "var" / "valkey")),
        PLIVO_AUTH_ID=account["auth_id"],
        PLIVO_AUTH_TOKEN=account["auth_token"],
        PLIVO_API_URL=sandbox.url,
        **login,
    )


def files(server: SftpServer) -> list[Path]:
    return [one for one in (server.root / "calls/kept-1").glob("*") if one.suffix == ".mp3"]
