"""Where somebody wanted to go before the sign-in: a path here, never another host."""

import re
from urllib.parse import urlsplit

LONGEST = 2000
_LOCAL = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*", re.ASCII)


def local_path(text: str) -> str:
    """A path on this host to go on to; "" for everything else."""
    if len(text) > LONGEST or not _LOCAL.fullmatch(text):
        return ""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return "" if parts.scheme or parts.netloc else text
