"""Network addresses as text, put together in one place: IPv6 hosts stand in brackets."""

import ipaddress

_EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 (recognised, not bound)


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
