"""Whose certificates are trusted, for everything that Gavel calls."""

import ssl
from functools import cache
from pathlib import Path

import certifi

from app.settings import ca_bundle


@cache
def context(bundle: str = "") -> ssl.SSLContext:
    """A client's context that verifies names and chains by this bundle (a file or a folder);
    without one, by that of certifi. Loading it takes some 20 ms: once for all threads."""
    where = Path(bundle or certifi.where())
    if where.is_dir():
        return ssl.create_default_context(capath=str(where))
    return ssl.create_default_context(cafile=str(where))


def trusted() -> ssl.SSLContext:
    """The context for the bundle that the environment names (see docs/operations.md)."""
    return context(ca_bundle())
