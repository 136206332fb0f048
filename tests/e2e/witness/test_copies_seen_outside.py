"""Recordings are copied to a server of sftp, with what logs in there; seen in its folder."""

import json
import signal
from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass
class Stage:
    """A `gavel up` that copies nothing itself, and where it is to be copied to."""

    server: SftpServer
    up: Process
    folder: Path
    port: str
    sandbox: Sandbox

    def files(self, conference: str) -> list[Path]:
        folder = self.server.root / "calls" / conference
        return [one for one in folder.glob("*") if one.suffix == ".mp3"]


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("copies")
    with sftp_server(folder / "sftp") as server:
        (folder / "rules.yaml").write_text(RULES.format(host=server.host))
        port, sandbox_port = str(free_port()), str(free_port())
        environ = bare_environment(PORT=port, SANDBOX_PORT=sandbox_port, RECORDING_PROCESSES="0")
        up = Process(["-m", "cli", "up"], environ, folder)
        sandbox = Sandbox(f"http://127.0.0.1:{sandbox_port}")
        try:
            urls = (f"http://127.0.0.1:{port}/readyz", f"{sandbox.url}/sandbox/state")
            until(lambda: all(map(answers, urls)), "ready")
            yield Stage(server, up, folder, port, sandbox)
        finally:
            up.stop(signal.SIGTERM, hurry=True)


@drives("metric gavel_queue_jobs")
@drives("action archive", "option archive.to", "option archive.delete_at_plivo")
@drives("command recordings-worker", "setting RECORDING_PROCESSES", "setting SFTP_PASSWORD")
@drives("setting SFTP_KEY", "setting SFTP_KNOWN_HOSTS")
@pytest.mark.parametrize("by", ["password", "key"])
def test_a_recording_is_copied_by_a_process_beside_gavel_up(copies: Stage, by: str) -> None:
    sandbox, server, conference = copies.sandbox, copies.server, f"kept-{by}"
    assert not [line for line in copies.up.children().values() if "workers.recordings" in line]
    before = copied(copies.port)
    call = sandbox.call_in(conference)
    sandbox.until_asked(conference, "record")
    sandbox.advance(3.0)
    sandbox.hang_up(call)
    waits = 'gavel_queue_jobs{queue="recordings",state="waiting"} 1.0'
    until(lambda: waits in metrics(copies.port), "the job")
    (url,) = sandbox.recordings(conference)
    with urlopen(url, timeout=PATIENCE) as answer:
        plivos = answer.read()
    login = {"SFTP_PASSWORD": PASSWORD} if by == "password" else {"SFTP_KEY": server.key}
    login["SFTP_KNOWN_HOSTS"] = str(server.known_hosts)
    settings = beside(copies.folder, sandbox, login)
    copier = Process(["-m", "cli", "recordings-worker"], settings, copies.folder)
    try:
        until(lambda: copies.files(conference), lambda: copier.output)
        until(lambda: not sandbox.recordings(conference), "Plivo's own copy to be gone")
    finally:
        assert copier.stop(signal.SIGTERM) == 0
    content = copies.files(conference)[0].read_bytes()
    assert content == plivos
    until(lambda: copied(copies.port) == before + len(content), lambda: metrics(copies.port))


def copied(port: str) -> float:
    """How many bytes of recordings were copied until now."""
    lines = [line.split() for line in metrics(port).splitlines()]
    return sum(float(line[1]) for line in lines if line[:1] == ["gavel_archive_bytes_total"])


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
