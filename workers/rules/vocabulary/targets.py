"""Where `archive` can copy a recording to: one entry for each scheme.

The copying itself is `workers.recordings`; what is said here is also what the checks know.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec


@dataclass(frozen=True, slots=True)
class TargetKind:
    """`extra` is what to install for it, "" for nothing, and `package` what that brings. `what`
    stands behind the scheme, before the first `/`, in words. `is_object_store`: nothing can be seen
    of what is being written, so no other name is needed meanwhile."""

    extra: str
    package: str
    what: str
    is_object_store: bool = True


TARGETS: Mapping[str, TargetKind] = {
    "s3": TargetKind("s3", "s3fs", "the bucket"),
    "gs": TargetKind("gcs", "gcsfs", "the bucket"),
    "az": TargetKind("azure", "adlfs", "the container"),
    "sftp": TargetKind("sftp", "paramiko", "the server", is_object_store=False),
    "file": TargetKind("", "fsspec", "nothing", is_object_store=False),
}

SCHEMES = tuple(f"{scheme}://" for scheme in TARGETS)


@cache
def missing_extra(scheme: str) -> str:
    """What to do before copies can go there; "" when they can."""
    kind = TARGETS[scheme]
    if not kind.extra or find_spec(kind.package) is not None:
        return ""
    return f"{scheme}:// needs the extra {kind.extra}: pip install 'gavel[{kind.extra}]'"
