"""Who may steer the sandbox: on loopback any local program, elsewhere who has the credentials.

A web page in somebody's browser is neither: requests that another site sends, or that arrive
under a foreign host name (DNS rebinding), are refused.
"""

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from aiohttp import web

from sandbox.api.credentials import are_right
from sandbox.world.errors import SandboxError, Unauthenticated
from sandbox.world.options import Options

SAFE = {"GET", "HEAD"}


class Refused(SandboxError):
    """Sent by another site's page, or under a name that is not this sandbox's."""

    status = 403


def is_loopback(host: str) -> bool:
    """Whether a host, as in a URL, is this machine alone."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _parts(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise Refused("the Host or Origin of the request can not be read") from None


def check(http: web.Request, options: Options) -> None:
    """Raise unless this request may steer the sandbox."""
    host = _parts(f"//{http.headers.get('Host', '')}").hostname or ""
    public = urlsplit(options.public_url)
    if not is_loopback(options.host):
        if not are_right(http.headers.get("Authorization", ""), options):
            raise Unauthenticated
    elif not is_loopback(host) and host != public.hostname:
        raise Refused(f"the host {host!r} is not this sandbox's")
    origin = http.headers.get("Origin")
    if http.method in SAFE or origin is None:
        return
    if _parts(origin).netloc != http.headers.get("Host"):
        raise Refused("the request comes from another site's page")
