"""fsspec's sftp with the server's key checked: by itself it trusts whoever answers first."""

from io import StringIO
from typing import Any
from urllib.parse import SplitResult, unquote

import paramiko
from fsspec.implementations.sftp import SFTPFileSystem

CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 60.0

KEYS = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


class CheckedSftp(SFTPFileSystem):
    """Connects when it is made. Raises what paramiko raises, and ValueError for a private key that
    can not be read."""

    cachable = False

    def __init__(self, server: SplitResult, password: str, key: str, known_hosts: str) -> None:
        self._known_hosts = known_hosts
        options: dict[str, Any] = {
            "port": server.port or 22,
            "username": None if server.username is None else unquote(server.username),
            "password": password or None,
            "pkey": _private_key(key) if key else None,
            "allow_agent": False,
            "look_for_keys": not (key or password),
        }
        super().__init__(server.hostname or "", host_key_policy="reject", **options)

    def _connect(self) -> None:
        self.client = paramiko.SSHClient()
        self.client.set_missing_host_key_policy(self.host_key_policy)
        self.client.load_system_host_keys(self._known_hosts or None)
        self.client.connect(
            self.host,
            timeout=CONNECT_SECONDS,
            banner_timeout=CONNECT_SECONDS,
            auth_timeout=CONNECT_SECONDS,
            **self.ssh_kwargs,
        )
        self.ftp = self.client.open_sftp()
        self.ftp.get_channel().settimeout(SILENCE_SECONDS)

    def close(self) -> None:
        self.client.close()


def _private_key(text: str) -> Any:
    for kind in KEYS:
        try:
            return kind.from_private_key(StringIO(text if text.endswith("\n") else text + "\n"))
        except paramiko.SSHException:
            continue
    raise ValueError(
        "SFTP_KEY is no private key that can be read (Ed25519, ECDSA, RSA, no passphrase)"
    )
