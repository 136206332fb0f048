"""The cookies of the console, and whether a form came from one of our own pages.

The session's cookie is `__Host-gavel`, only sent over https. On plain http, which is for loopback
and for a CONSOLE_URL that is http itself, no browser keeps such a cookie: there it is `gavel`.
That of an account of ACCOUNTS_FILE is `__Secure-gavel.NAME`, and goes to its own addresses alone,
which `__Host-` does not allow (docs/decisions/0209): to those where the browser is, for a path of
PUBLIC_URL is only there where the request came through the proxy.
"""

import hmac
import secrets
from urllib.parse import urlsplit

from flask import Request
from werkzeug import Response

from app.console.access.sessions import LONGEST_SECONDS

SESSION, FORM = "gavel", "gavel-form"
OF_THIS_HOST, OF_THIS_PATH = "__Host-", "__Secure-"


class Cookies:
    """Reads and sets them, for a service whose console is at `url`; or for one `account` of
    it."""

    def __init__(self, url: str, account: str = "") -> None:
        self._own = _origin(url)
        self._secure, self._of = OF_THIS_HOST, ""
        if account:
            self._secure, self._of = OF_THIS_PATH, f".{account}"

    def read(self, request: Request, name: str) -> str:
        """ "" when there is none that may be believed."""
        name += self._of
        if found := request.cookies.get(self._secure + name):
            return found
        return request.cookies.get(name, "") if self._may_be_plain(request) else ""

    def set(
        self,
        request: Request,
        response: Response,
        name: str,
        value: str,
        seconds: int = LONGEST_SECONDS,
    ) -> None:
        over_https = request.headers.get("Origin", "").startswith("https://")
        secure = over_https or not self._may_be_plain(request)
        response.set_cookie(
            self._secure + name + self._of if secure else name + self._of,
            value,
            max_age=seconds,
            secure=secure,
            httponly=True,
            samesite="Lax",
            path=self._path(request),
        )

    def forget(self, request: Request, response: Response, name: str) -> None:
        for full in (name + self._of, self._secure + name + self._of):
            if full in request.cookies:
                secure = full.startswith(self._secure)
                response.delete_cookie(
                    full, secure=secure, httponly=True, samesite="Lax", path=self._path(request)
                )

    def form_token(self, request: Request) -> str:
        """For a form of somebody who is not signed in: what the cookie `FORM` holds, or new."""
        return self.read(request, FORM) or secrets.token_urlsafe(24)

    def from_our_page(self, request: Request) -> bool:
        """Does the browser say that this request comes from a page of ours? One that says
        nothing is believed; the form's token decides then."""
        site = request.headers.get("Sec-Fetch-Site")
        if site is not None:
            return site in ("same-origin", "none")
        origin = request.headers.get("Origin")
        return origin is None or origin == self._own or origin == self._loopback(request)

    def _path(self, request: Request) -> str:
        return request.script_root if self._of else "/"

    def _may_be_plain(self, request: Request) -> bool:
        """Can the browser's side of this request be plain http?"""
        return self._own.startswith("http://") or bool(self._loopback(request))

    @staticmethod
    def _loopback(request: Request) -> str:
        """Our origin where the browser is on this machine; "" elsewhere."""
        origin = _origin(f"http://{request.host}")
        host = urlsplit(origin).hostname or ""
        return origin if host in ("localhost", "::1") or host.startswith("127.") else ""


def same_token(given: str, wanted: str) -> bool:
    """In constant time; an empty one is never right."""
    return bool(wanted) and hmac.compare_digest(given.encode(), wanted.encode())


def _origin(url: str) -> str:
    """Scheme, host and port; "" for a host that can be none."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}" if host else ""
