"""Where a request to another host goes: its URL taken apart, its host resolved once, private
places refused.

The address that was checked is the one that is connected to, so a name that resolves to something
else a moment later (DNS rebinding) gains nothing.
"""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Self

from app.domain.addresses import taken_apart
from app.errors import GavelError

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[str]]

METADATA = frozenset({ip_address("168.63.129.16"), ip_address("192.0.0.192")})
"""Metadata services of clouds whose addresses look public (Azure, Oracle)."""

_NAT64 = IPv6Network("64:ff9b::/96")
_UNICAST = IPv6Network("2000::/3")  # all that is routed; old and special ways to write IPv4 are not
_NOT_PUBLIC = (IPv6Network("3fff::/20"), IPv4Network("192.88.99.0/24"))
"""What Python 3.11 takes for global: documentation (RFC 9637), the old 6to4 relays (RFC 7526)."""


class PlaceError(GavelError):
    """It may not be asked, or not be found; `may_pass` where that can be otherwise later."""

    def __init__(self, why: str, *, may_pass: bool = False) -> None:
        super().__init__(why)
        self.may_pass = may_pass


@dataclass(frozen=True, slots=True)
class Place:
    """A URL taken apart. `target` is its path and query as they go into the request."""

    secure: bool
    host: str
    port: int
    target: str

    @classmethod
    def of(cls, url: str) -> Self:
        """Raises PlaceError for what is no http or https URL with a host."""
        try:
            return cls(*taken_apart(url))
        except ValueError as error:
            raise PlaceError(f"its address {error}") from None

    def addresses(self, resolve: Resolve, *, allow_private: bool) -> list[str]:
        """Where it may be connected to, best first, never none. Raises PlaceError."""
        try:
            found = list(dict.fromkeys(resolve(self.host, self.port)))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise PlaceError(f"{self.host} can not be resolved: {reason}", may_pass=True) from None
        allowed = [one for one in found if allow_private or is_public(ip_address(one))]
        if not allowed:
            raise PlaceError(
                f"{self.host} is a private address; ALLOW_PRIVATE_WEBHOOKS=true allows these"
            )
        return allowed


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, as the system orders them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(row[4][0]).partition("%")[0] for row in found]


def is_public(address: Address) -> bool:
    """Whether anybody on the internet could reach it: not private, loopback, link-local,
    multicast, reserved, nor a cloud's metadata service, in none of the ways to write these."""
    inner = _embedded(address)
    if inner is not None:
        return is_public(inner)
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    if any(address in network for network in _NOT_PUBLIC):
        return False
    return address.is_global and not address.is_multicast and address not in METADATA


def _embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
