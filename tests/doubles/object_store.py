"""A real S3 server (moto's) in a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from bench.chaos.processes import free_port
from tests.waiting import until

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing-secret"}


@dataclass(frozen=True)
class ObjectStore:
    """`client` looks at it past our own code."""

    url: str
    client: Any

    @property
    def environment(self) -> dict[str, str]:
        return {
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def keys(self, bucket: str) -> list[str]:
        found = self.client.list_objects_v2(Bucket=bucket).get("Contents", [])
        return sorted(one["Key"] for one in found)

    def read(self, bucket: str, key: str) -> bytes:
        content: bytes = self.client.get_object(Bucket=bucket, Key=key)["Body"].read()
        return content

    def uploads(self, bucket: str) -> list[Any]:
        """Those that were begun and neither completed nor abandoned."""
        found: list[Any] = self.client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        return found


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """Running, and empty."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"max_attempts": 0}),
    )
    try:
        until(lambda: server.poll() is None and _answers(client), "the S3 server")
        yield ObjectStore(url, client)
    finally:
        client.close()
        server.kill()
        server.wait()


def _answers(client: Any) -> bool:
    from botocore.exceptions import BotoCoreError

    try:
        client.list_buckets()
    except BotoCoreError:
        return False
    return True
