"""The file systems behind the schemes of `archive`, by fsspec: each is loaded when it is first
needed, for most have large libraries.

Object stores read their credentials from the environment as their own tools do (docs/recordings.md
names the variables); sftp takes them from settings.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from workers.conference.errors import ArchiveError
from workers.recordings.places import Target
from workers.rules.vocabulary.targets import missing_extra

BLOCK = 8 * 1024 * 1024
"""Bytes of a part of an upload: what an object store keeps in memory. S3 takes 10,000 parts."""

FileSystem = Any  # fsspec ships no types


@dataclass(frozen=True, slots=True)
class SftpLogin:
    """How to log in to servers of sftp. `key` is a private key, its text; `known_hosts` the file
    with the keys of the servers, "" for that of the user."""

    password: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    known_hosts: str = ""


class FileSystems:
    """Those that were needed so far; for one thread."""

    def __init__(self, sftp: SftpLogin | None = None) -> None:
        self._sftp = sftp or SftpLogin()
        self._open: dict[tuple[str, str], FileSystem] = {}

    def of(self, target: Target) -> FileSystem:
        """The one that this target is in. Raises ArchiveError where its extra is not installed,
        and whatever its library raises when it can not connect."""
        if missing := missing_extra(target.scheme):
            raise ArchiveError.for_good(missing)
        place = target.scheme, target.host
        if place not in self._open:
            self._open[place] = _OPENING[target.scheme](target, self._sftp)
        return self._open[place]

    def forget(self, target: Target) -> None:
        """Begin anew with this one: its connection may be what is broken."""
        _close(self._open.pop((target.scheme, target.host), None))

    def close(self) -> None:
        """Close the connections."""
        for one in self._open.values():
            _close(one)
        self._open.clear()


def _close(files: FileSystem) -> None:
    if hasattr(files, "close"):  # sftp
        files.close()
    elif hasattr(files, "close_session") and getattr(files, "_s3", None) is not None:
        files.close_session(files.loop, files._s3)


def _s3(target: Target, _: SftpLogin) -> FileSystem:
    from s3fs import S3FileSystem

    return S3FileSystem(
        default_block_size=BLOCK,
        fixed_upload_size=True,
        use_listings_cache=False,
        skip_instance_cache=True,
        config_kwargs={"retries": {"max_attempts": 3}, "connect_timeout": 5, "read_timeout": 30},
    )


def _gs(target: Target, _: SftpLogin) -> FileSystem:
    from gcsfs.core import GCSFileSystem  # the other asks for the kind of the bucket at each step

    files = GCSFileSystem(block_size=BLOCK, use_listings_cache=False, skip_instance_cache=True)
    files.credentials.maybe_refresh()  # each request would try for a token for half a minute
    return files


def _az(target: Target, _: SftpLogin) -> FileSystem:
    from adlfs import AzureBlobFileSystem

    return AzureBlobFileSystem(
        blocksize=BLOCK, use_listings_cache=False, skip_instance_cache=True, anon=False
    )


def _sftp(target: Target, login: SftpLogin) -> FileSystem:
    from workers.recordings.sftp import CheckedSftp

    return CheckedSftp(target.server, login.password, login.key, login.known_hosts)


def _file(target: Target, _: SftpLogin) -> FileSystem:
    from fsspec.implementations.local import LocalFileSystem

    return LocalFileSystem(skip_instance_cache=True)


_OPENING: Mapping[str, Callable[[Target, SftpLogin], FileSystem]] = {
    "s3": _s3,
    "gs": _gs,
    "az": _az,
    "sftp": _sftp,
    "file": _file,
}
