"""Network addresses as text, put together and taken apart in one place: IPv6 hosts stand in
brackets."""

import ipaddress
from urllib.parse import quote, urlsplit

_EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 (recognised, not bound)

_SAFE_IN_PATH = "!#$%&'()*+,/:;=?@[]~"  # what is percent-encoded already stays so


def host_and_port(host: str, port: int) -> str:
    """`127.0.0.1:8000`, `[::1]:8000`."""
    return f"{_bracketed(host)}:{port}"


def local_url(host: str, port: int) -> str:
    """How who listens on this host is reached from the same machine."""
    return "http://" + host_and_port("127.0.0.1" if host in _EVERY_ADDRESS else host, port)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def is_ip_address(host: str) -> bool:
    """Is it an IPv4 or IPv6 address, without brackets?"""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def taken_apart(url: str) -> tuple[bool, str, int, str]:
    """An http or https URL: whether it is https, its host and port, and its path and query as they
    go into a request. Raises ValueError; its text goes on from "its address"."""
    if not url.isprintable() or " " in url:
        raise ValueError("has a space or a control character")
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode()
    except ValueError:  # UnicodeError is one
        raise ValueError("has a host that can not be read") from None
    try:
        port = parts.port
    except ValueError:
        raise ValueError("has a port that is none; write 1 to 65535") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("is no http or https URL")
    if parts.username is not None:
        raise ValueError("has a user in it: send credentials in `headers`")
    secure = parts.scheme == "https"
    query = f"?{parts.query}" if parts.query else ""
    target = quote((parts.path or "/") + query, safe=_SAFE_IN_PATH)
    return secure, host, port or (443 if secure else 80), target


def fits_header(text: str) -> bool:
    """Whether a text can be the value of an HTTP header as we send it: ASCII that can be seen."""
    return text.isprintable() and text.isascii()
