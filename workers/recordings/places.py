"""Where a copy goes: the address that a rule's `to` became, taken apart and made harmless.

Values in it were percent-encoded when it was made (docs/decisions/0091), so they hold no `/`. Here
it is made sure of what is left: no part is `.` or `..` or empty, none has a NUL or another control
character, and none is longer than a file's name may be.
"""

from dataclasses import dataclass
from posixpath import basename, dirname
from typing import Self
from urllib.parse import SplitResult, unquote, urlsplit

from app.store.keys import digest
from workers.conference.errors import ArchiveError
from workers.rules.vocabulary.targets import TARGETS, TargetKind

LONGEST_NAME = 200
"""Bytes of one part of a path. Most file systems take 255; a name for the time of writing is
longer than the final one."""

TEXTS = (".json", ".txt")
"""The transcript beside a recording: all that is known of it, and its words."""


@dataclass(frozen=True, slots=True)
class Target:
    """`scheme` is one of `TARGETS`. `host` is the server of sftp, with user and port; "" for
    others. `path` is as the file system wants it: it begins with the bucket or container, or with
    `/`."""

    scheme: str
    host: str
    path: str

    @classmethod
    def of(cls, address: str) -> Self:
        """Raises ArchiveError (permanent)."""
        scheme, found, rest = address.partition("://")
        if not found or scheme not in TARGETS:
            raise _refused("it begins with none of " + ", ".join(f"{one}://" for one in TARGETS))
        if not address.isprintable() or "\\" in address:
            raise _refused("it has a control character or a backslash in it")
        host, _, path = rest.partition("/")
        if bool(host) == (scheme == "file"):
            raise _refused("file:/// has three slashes" if host else f"{scheme}:// needs a host")
        if any(part in ("", ".", "..") for part in path.split("/")):
            raise _refused("a part of its path is empty, `.` or `..`")
        path = "/".join(_shortened(part) for part in path.split("/"))
        if scheme in ("file", "sftp"):
            return cls(scheme, host, f"/{path}")
        return cls(scheme, "", f"{host}/{path}")

    @property
    def kind(self) -> TargetKind:
        return TARGETS[self.scheme]

    @property
    def address(self) -> str:
        """The whole again."""
        return f"{self.scheme}://{self.host}{self.path}"

    @property
    def folder(self) -> str:
        return dirname(self.path)

    def unfinished(self, attempt: int) -> str:
        """The name while it is written, one for each attempt."""
        return f"{self.folder.rstrip('/')}/.{basename(self.path)}.{attempt}.part"

    def beside(self, ending: str) -> Self:
        """A file with the same name and another ending."""
        stem, dot, _ = basename(self.path).rpartition(".")
        path = f"{self.folder}/{stem if dot and stem else basename(self.path)}{ending}"
        return type(self)(self.scheme, self.host, path)

    @property
    def server(self) -> SplitResult:
        """Of sftp: user, host and port."""
        return urlsplit(f"sftp://{self.host}")

    @property
    def user(self) -> str | None:
        name = self.server.username
        return None if name is None else unquote(name)


def _shortened(part: str) -> str:
    """A part that is too long for a file's name ends in a digest of all of it, and in the same
    ending."""
    if len(part.encode()) <= LONGEST_NAME:
        return part
    ending = part[part.rfind(".") :] if 0 < len(part) - part.rfind(".") <= 6 else ""
    kept = part.encode()[: LONGEST_NAME - 40].decode(errors="ignore").rstrip("%")
    return f"{kept}-{digest(part)}{ending}"


def _refused(why: str) -> ArchiveError:
    return ArchiveError.for_good(f"the recording can not be copied there: {why}")
