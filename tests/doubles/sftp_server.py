"""A real SFTP server (asyncssh's) in a process of its own.

python -m tests.doubles.sftp_server FOLDER
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh

USER, PASSWORD = "archive", "correct horse"


@dataclass(frozen=True)
class SftpServer:
    """`root` is what a client sees as `/`; `key` a private key that it takes, as text."""

    port: int
    root: Path
    known_hosts: Path
    key: str

    @property
    def host(self) -> str:
        return f"{USER}@127.0.0.1:{self.port}"


@contextmanager
def sftp_server(folder: Path) -> Iterator[SftpServer]:
    (folder / "root").mkdir(parents=True)
    host_key, user_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    (folder / "host_key").write_bytes(host_key.export_private_key())
    (folder / "authorized").write_bytes(user_key.export_public_key())
    with subprocess.Popen(
        [sys.executable, "-m", "tests.doubles.sftp_server", str(folder)], stdout=subprocess.PIPE
    ) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            known = folder / "known_hosts"
            known.write_text(f"[127.0.0.1]:{port} {host_key.export_public_key().decode()}")
            key = user_key.export_private_key().decode()
            yield SftpServer(port, folder / "root", known, key)
        finally:
            server.kill()


class _Login(asyncssh.SSHServer):
    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)


async def _serve(folder: Path) -> None:
    root = str(folder / "root")
    server = await asyncssh.create_server(
        _Login,
        "127.0.0.1",
        0,
        server_host_keys=[str(folder / "host_key")],
        authorized_client_keys=str(folder / "authorized"),
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=root),
        allow_scp=False,
    )
    print(server.get_port(), flush=True)
    await server.wait_closed()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
