"""REDIS_URL, read at the start by the functions of the library that will use it.

That library takes in silence what it does not understand, and fails much later at the rest. So
everything is refused here that it would not know or would misread, and what would change the
answers that Gavel relies on. No refusal holds a part of a password.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from redis.connection import parse_url

from app.store.server.address_options import check_options

FORM = (
    "redis://host:port/db, rediss://…, unix:///path/to.sock, "
    "redis+sentinel://host:port,host:port/service/db or rediss+sentinel://…, "
    "redis+cluster://host:port,host:port or rediss+cluster://…"
)
ENCODED = (
    "an address whose password is percent-encoded: percent-encode the password, / as %2F, "
    "# as %23, ? as %3F, % as %25, @ as %40, & as %26, + as %2B, [ as %5B, ] as %5D, a blank as %20"
)
SCHEMES = (
    *("redis", "rediss", "unix"),
    *("redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"),
)
PORT, SENTINEL_PORT = 6379, 26379
TAG = "gavel"
SPACE = "space"
ACCOUNT = "[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?"
"""The names that accounts may have: they are part of addresses and of keys."""
LONGEST_SOCKET_PATH = 103
"""Bytes; what every system takes."""


@dataclass(frozen=True, slots=True)
class Address:
    """`options` are arguments of the library's connections. Behind Sentinel, `service` is its name
    of the primary, and the Sentinels have a login of their own. `nodes` are some of a Cluster's,
    and `tag` is in front of all that one Gavel keeps there. `space`: of one of its accounts."""

    options: Mapping[str, Any] = field(repr=False)
    service: str = ""
    sentinels: tuple[tuple[str, int], ...] = ()
    sentinel_login: Mapping[str, str] = field(default_factory=dict, repr=False)
    tls: bool = False
    nodes: tuple[tuple[str, int], ...] = ()
    tag: str = ""
    space: str = ""

    def secrets(self) -> tuple[str, ...]:
        """What no log may show."""
        names = ("password", "ssl_password")
        found = [self.options.get(name) for name in names] + [self.sentinel_login.get("password")]
        return tuple(text for text in found if text)


def read_address(url: str) -> Address:
    """The address in a URL. Raises ValueError with words that fit behind "REDIS_URL must be"."""
    scheme, separator, rest = url.partition("://")
    if scheme not in SCHEMES or not separator:
        raise ValueError(FORM)
    if scheme.endswith("+sentinel"):
        return _by_sentinel(scheme.removesuffix("+sentinel"), rest)
    if scheme.endswith("+cluster"):
        return _by_cluster(scheme.removesuffix("+cluster"), rest)
    parts = _split(url)
    pairs, space = _space(_pairs(parts))
    check_options(pairs, scheme)
    if scheme == "unix":
        _check_socket(parts)
    else:
        _check_host(parts)
        if not re.fullmatch(r"/?|/[0-9]+", parts.path):
            raise ValueError("an address with a number for the database: redis://host:port/0")
    own = f"{url.partition('?')[0]}?{urlencode(pairs)}".rstrip("?")
    options = _options(own if space else url)
    return Address(options, tls=scheme == "rediss", space=space)


def in_space_of(url: str, account: str) -> str:
    """The same address for the keys of that account alone."""
    return f"{url}{'&' if '?' in url else '?'}{SPACE}={account}"


def _space(pairs: list[tuple[str, str]]) -> tuple[list[tuple[str, str]], str]:
    """The options without the account, and the account. Raises ValueError."""
    space = dict(pairs).get(SPACE, "")
    if space and not re.fullmatch(ACCOUNT, space):
        raise ValueError("an address whose space is up to 32 of a-z, 0-9 and -")
    return [pair for pair in pairs if pair[0] != SPACE], space


def _by_sentinel(scheme: str, rest: str) -> Address:
    login, hosts, parts = _of_several(scheme, rest)
    found = re.fullmatch(r"/([^/]+)(?:/([0-9]*))?", parts.path)
    if found is None:
        raise ValueError("redis+sentinel://host:port,host:port/service/db, with the service")
    pairs, space = _space(_pairs(parts))
    own = [pair for pair in pairs if pair[0] not in ("sentinel_username", "sentinel_password")]
    check_options(own, scheme)
    return Address(
        _without_host(f"{scheme}://{login}several/{found[2] or 0}?{urlencode(own)}"),
        service=unquote(found[1]),
        sentinels=_places(hosts, SENTINEL_PORT),
        sentinel_login=_sentinel_login(pairs),
        tls=scheme == "rediss",
        space=space,
    )


def _by_cluster(scheme: str, rest: str) -> Address:
    login, hosts, parts = _of_several(scheme, rest)
    pairs, space = _space(_pairs(parts))
    own = [pair for pair in pairs if pair[0] != "tag"]
    check_options(own, scheme)
    tag = dict(pairs).get("tag", TAG)
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", tag):
        raise ValueError("an address whose tag is up to 64 letters, digits, dots, - and _")
    if parts.path not in ("", "/", "/0") or dict(own).get("db", "0") != "0":
        raise ValueError("redis+cluster://host:port,host:port, a Cluster has only database 0")
    return Address(
        _without_host(f"{scheme}://{login}several/0?{urlencode(own)}"),
        tls=scheme == "rediss",
        nodes=_places(hosts, PORT),
        tag=tag,
        space=space,
    )


def _of_several(scheme: str, rest: str) -> tuple[str, str, SplitResult]:
    """The login, the hosts, and the parts of the same address with one host: the login, the
    database and the options are read as those of such a one."""
    place = re.split("[/?#]", rest, maxsplit=1)[0]
    login, at, hosts = place.rpartition("@")
    return login + at, hosts, _split(f"{scheme}://{login}{at}several{rest[len(place) :]}")


def _without_host(url: str) -> dict[str, Any]:
    options = _options(url)
    del options["host"]
    options.pop("connection_class", None)
    return options


def _places(hosts: str, port: int) -> tuple[tuple[str, int], ...]:
    return tuple(_host_and_port(host.strip(), port) for host in hosts.split(","))


def _host_and_port(text: str, port: int) -> tuple[str, int]:
    url = f"redis://{text}"
    _check_host(_split(url))
    found = _options(url)
    return found["host"], found.get("port", port)


def _sentinel_login(pairs: list[tuple[str, str]]) -> Mapping[str, str]:
    found = {
        name.removeprefix("sentinel_"): text for name, text in pairs if name.startswith("sentinel_")
    }
    if "username" in found and "password" not in found:
        raise ValueError("an address with sentinel_password beside sentinel_username")
    return found


def _options(url: str) -> dict[str, Any]:
    """The arguments of a connection, as the library reads them out of a URL."""
    parse: Any = parse_url  # the library leaves it without types
    found: dict[str, Any] = parse(url)
    return found


def _split(url: str) -> SplitResult:
    """The parts of a URL, once none of them can be a piece of a password."""
    try:
        parts = urlsplit(url)
    except ValueError:  # a bracket of a password is taken for an IPv6 address
        raise ValueError(ENCODED if "@" in url else FORM) from None
    if "@" in parts.path + parts.query + parts.fragment or "+" in parts.query:
        raise ValueError(ENCODED)
    if re.search(r"%(?![0-9A-Fa-f]{2})", url) or not url.replace(", ", ",").isprintable():
        raise ValueError(ENCODED)
    if re.search(r"\s", url.replace(", ", ",")):
        raise ValueError(ENCODED)
    if "#" in url:
        raise ValueError(f"without a #: {FORM}")
    return parts


def _pairs(parts: SplitResult) -> list[tuple[str, str]]:
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError("an address with each option once")
    if parts.query and not all(text for _, text in pairs):
        raise ValueError("an address whose options all have a value (in a password, & is %26)")
    return pairs


def _check_socket(parts: SplitResult) -> None:
    path = unquote(parts.path)
    if parts.hostname or not path.strip("/") or not path.isprintable():
        raise ValueError("unix:///path/to.sock, with three slashes")
    if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
        raise ValueError(f"an address with a path of at most {LONGEST_SOCKET_PATH} bytes")


def _check_host(parts: SplitResult) -> None:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError("an address with a port from 1 to 65535")
    host = unquote(parts.hostname or "")
    try:
        usable = bool(host.encode("idna")) and not re.search(r"[\s/?#@,]", host)
    except UnicodeError:
        usable = False
    if not usable:
        raise ValueError(f"an address with a host name: {FORM}")
