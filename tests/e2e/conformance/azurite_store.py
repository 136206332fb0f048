"""A server of Azure's blob storage (Azurite) in a process of its own; needs node and npm."""

import base64
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from azure.core.exceptions import AzureError
from azure.storage.blob import BlobServiceClient

from bench.chaos.processes import free_port
from tests.waiting import until

FOLDER = Path(__file__).parent / "azurite"
PROGRAM = FOLDER / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
OPTIONS = ("--inMemoryPersistence", "--silent", "--disableTelemetry", "--skipApiVersionCheck")
ACCOUNT = "gavel"


@dataclass(frozen=True)
class AzureStore:
    """`client` looks at it past our own code and past the library that it writes with."""

    connection: str
    client: BlobServiceClient

    def keys(self, container: str) -> list[str]:
        """Those that can be seen: blocks that nobody has committed are no blob."""
        return sorted(self.client.get_container_client(container).list_blob_names())

    def read(self, container: str, key: str) -> bytes:
        content = self.client.get_blob_client(container, key).download_blob().readall()
        assert isinstance(content, bytes)
        return content

    def empty(self, container: str) -> None:
        for key in self.keys(container):
            self.client.get_blob_client(container, key).delete_blob()


def connection(port: int, key: bytes) -> str:
    secret = base64.b64encode(key).decode()
    return (
        f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={secret};"
        f"BlobEndpoint=http://127.0.0.1:{port}/{ACCOUNT};"
    )


@contextmanager
def azure_store(container: str) -> Iterator[AzureStore]:
    """Running, with one empty container, installed as the lock file has it."""
    if not PROGRAM.is_file():
        subprocess.run(["npm", "ci", "--silent"], cwd=FOLDER, check=True, timeout=600)
    port, key = free_port(), os.urandom(64)
    where = ["--blobHost", "127.0.0.1", "--blobPort", str(port)]
    server = subprocess.Popen(
        ["node", str(PROGRAM), *where, *OPTIONS],
        env={**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{base64.b64encode(key).decode()}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    told = connection(port, key)
    with BlobServiceClient.from_connection_string(told, retry_total=0) as client:
        try:
            until(lambda: server.poll() is None and _made(client, container), "Azure's storage")
            yield AzureStore(told, client)
        finally:
            server.terminate()
            server.wait()


def _made(client: BlobServiceClient, container: str) -> bool:
    try:
        client.create_container(container)
    except AzureError:
        return False
    return True
