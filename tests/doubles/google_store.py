"""A server of Google's storage API (gcp-storage-emulator's) in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from bench.chaos.processes import free_port
from tests.waiting import PATIENCE, until

PROGRAM = """
from types import SimpleNamespace

from gcp_storage_emulator import server
from gcp_storage_emulator.__main__ import main


def cancel(request, response, storage):
    response.status = SimpleNamespace(value=499, phrase="Client Closed Request")


for pattern, handlers in server.HANDLERS:
    if pattern.startswith("^/upload/"):
        handlers["DELETE"] = cancel
main()
"""
"""It knows no end of an upload that was begun; Google answers 499 to that, and keeps nothing."""


@dataclass(frozen=True)
class GoogleStore:
    """Looked at by plain HTTP, past our own code and past the library that it writes with."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        """No other server is asked who we are."""
        return {"STORAGE_EMULATOR_HOST": self.url, "NO_GCE_CHECK": "true"}

    def keys(self, bucket: str) -> list[str]:
        return sorted(one["name"] for one in json.loads(self._get(bucket)).get("items", []))

    def read(self, bucket: str, key: str) -> bytes:
        return self._get(bucket, f"/{quote(key, safe='')}?alt=media")

    def empty(self, bucket: str) -> None:
        for key in self.keys(bucket):
            place = f"{self.url}/storage/v1/b/{bucket}/o/{quote(key, safe='')}"
            urlopen(Request(place, method="DELETE"), timeout=PATIENCE).close()

    def _get(self, bucket: str, rest: str = "") -> bytes:
        with urlopen(f"{self.url}/storage/v1/b/{bucket}/o{rest}", timeout=PATIENCE) as answer:
            return bytes(answer.read())


@contextmanager
def google_store(bucket: str) -> Iterator[GoogleStore]:
    """Running, with one empty bucket."""
    port = str(free_port())
    start = ["start", "--host", "127.0.0.1", "--port", port, "--in-memory"]
    server = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *start, "--default-bucket", bucket],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    store = GoogleStore(f"http://127.0.0.1:{port}")
    try:
        until(lambda: server.poll() is None and _answers(store, bucket), "Google's storage")
        yield store
    finally:
        server.kill()
        server.wait()


def _answers(store: GoogleStore, bucket: str) -> bool:
    try:
        return store.keys(bucket) == []
    except (URLError, ConnectionError):
        return False
