"""The web server as it runs: gunicorn with our settings, on a free port, and raw sockets to it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from app.plivo.request import form_pairs
from app.plivo.signature import NONCE, V3, PlivoRequest, sign, signed_text
from app.server.worker import WebWorker
from bench.chaos.processes import free_port
from tests.app.builders import FORM, TOKEN, TRIGGER_TOKEN
from tests.waiting import PATIENCE, until


class PatientWorker(WebWorker):
    """The real one with so much patience that no client of a busy machine is taken for slow."""

    request_seconds = PATIENCE
    linger_seconds = PATIENCE
    patience_seconds = PATIENCE


class HastyWorker(WebWorker):
    """The real one with little patience, so that tests need not wait until it is over."""

    request_seconds = 0.6
    linger_seconds = 0.3
    patience_seconds = 0.2
    sweep_seconds = 0.1


@dataclass(frozen=True)
class Server:
    port: int
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def send(self, data: bytes) -> bytes:
        """Send on a fresh connection and read until the server closes."""
        with self.connect() as client:
            with suppress(BrokenPipeError, ConnectionResetError):
                client.sendall(data)  # it may be refused before it is all there
            return read_all(client)

    def callback(
        self,
        fields: Mapping[str, str],
        path: str = "/plivo/conference",
        *,
        token: str = TOKEN,
        nonce: str = "1",
        connection: str = "close",
    ) -> bytes:
        """The bytes of a signed callback."""
        body = urlencode(fields).encode()
        plain, _, query = path.partition("?")
        request = PlivoRequest(
            "POST", self.url + plain, form_pairs(query.encode()), form_pairs(body)
        )
        signature = sign(signed_text(request), nonce, token.encode()).decode()
        return (
            f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: {connection}\r\n"
            f"{V3}: {signature}\r\n{NONCE}: {nonce}\r\n\r\n"
        ).encode() + body


def read_all(client: socket.socket) -> bytes:
    found = b""
    with suppress(ConnectionResetError):
        while data := client.recv(65536):
            found += data
    return found


def read_answer(client: socket.socket) -> bytes:
    """One answer without a body, or as much as came with its head."""
    found = b""
    while b"\r\n\r\n" not in found and (data := client.recv(65536)):
        found += data
    return found


def status(answer: bytes) -> int:
    """0 when there was no answer."""
    return int(answer[9:12] or 0)


@contextmanager
def serve(
    redis_url: str, log: Path, worker: type[WebWorker] = PatientWorker, **environ: str
) -> Iterator[Server]:
    port = free_port()
    settings = {
        "PORT": str(port),
        "REDIS_URL": redis_url,
        "PLIVO_AUTH_ID": "MA000000000000000000",
        "PLIVO_AUTH_TOKEN": TOKEN,
        "TRIGGER_TOKEN": TRIGGER_TOKEN,
    }
    arguments = ["-m", "gunicorn", "-c", "python:app.server.gunicorn_conf"]
    arguments += ["-k", f"{worker.__module__}.{worker.__name__}", "app.server.wsgi:make()"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env={"PATH": os.environ["PATH"]} | settings | environ,
            stdout=output,
            stderr=output,
        )
    try:
        wait_until_open(port, process, log)
        yield Server(port, log, process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_open(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    def is_open() -> bool:
        assert process.poll() is None, log.read_text()
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return True
        return False

    until(is_open, log.read_text)
