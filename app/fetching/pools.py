"""Kept connections to one origin, over TLS and through a proxy as the environment wants it."""

from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from urllib3 import PoolManager, ProxyManager, make_headers

from app.fetching import tls

MOST_CONNECTIONS = 64
"""Kept for later; more are opened while more calls are under way at once."""


def pools_of(origin: str) -> PoolManager:
    """Connections to one origin, through the proxy that the environment names for it."""
    parts = urlsplit(origin)
    options: dict[str, Any] = {"maxsize": MOST_CONNECTIONS, "block": False}
    if parts.scheme == "https":
        options["ssl_context"] = tls.trusted()
    proxy = _proxy(parts.scheme, parts.hostname or "")
    if proxy is None:
        return PoolManager(**options)
    login = urlsplit(proxy)
    headers = None
    if login.username is not None:
        headers = make_headers(proxy_basic_auth=f"{login.username}:{login.password or ''}")
    return ProxyManager(proxy, proxy_headers=headers, **options)


def _proxy(scheme: str, host: str) -> str | None:
    """HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, as the standard library reads them."""
    if proxy_bypass(host):
        return None
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"
