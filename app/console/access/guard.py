"""What every request to the console passes: the fence, the sign-in, the role, the form's token."""

import logging
from dataclasses import dataclass
from threading import BoundedSemaphore
from urllib.parse import urlencode

from flask import Response, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.console.access.cookies import FORM, SESSION, Cookies, same_token
from app.console.access.passwords import Password
from app.console.access.roles import OPEN, ROUTES, may
from app.console.access.sessions import Session, Sessions
from app.domain.operator import Operator
from app.errors import Busy, Forbidden
from app.logs import step

log = logging.getLogger("gavel.console")

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; media-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
LOOKS_FOR_NEWS = "X-Fragment"
"""The header by which our script says that no person asks."""
ASSET = "console.asset"


@dataclass(frozen=True, slots=True)
class Guard:
    """`admit` before and `leave` after each request of the console's blueprint. `places` are the
    threads that requests of people may have at once (`app.web.fence`); assets need none."""

    places: BoundedSemaphore
    sessions: Sessions
    password: Password
    cookies: Cookies
    issuer: str = ""
    """The fingerprint of the OIDC settings; "" without them."""
    numbers_shown: bool = False
    """Do pages show telephone numbers to who may act?"""

    def admit(self) -> ResponseReturnValue | None:
        """Let the request through (None), or answer it. Raises Busy, Forbidden, RedisError."""
        if request.endpoint == ASSET:
            return None
        if not self.places.acquire(blocking=False):
            raise Busy("others are looking just now: this page asks again in a second")
        g.fenced = True
        needed = ROUTES.get(request.endpoint or "")
        if needed is None:
            raise Forbidden("this page is in no role's table")
        if request.method == "POST" and not self.cookies.from_our_page(request):
            raise _refused("it does not come from a page of this console", "another site")
        g.session = self._session()
        g.whole_numbers = self.numbers_shown and may_now("operator")
        if needed != OPEN:
            if g.session is None:
                return _to_sign_in()
            if not may(g.session.role, needed):
                raise _refused(f"it needs the role {needed}, and yours is {g.session.role}", "role")
        if request.method == "POST" and not self._token_is_right():
            raise _refused("the form is too old or not ours: go back and load it again", "token")
        return None

    def ask_who(self) -> ResponseReturnValue | None:
        """Who asks at an address that is no route of the console: a way to sign in, None for who
        is. Raises RedisError."""
        g.session = self._session()
        g.whole_numbers = self.numbers_shown and may_now("operator")
        return _to_sign_in() if g.session is None else None

    def leave(self) -> None:
        if g.pop("fenced", False):
            self.places.release()

    def token(self) -> str:
        """What a form on the page of this request has to bring."""
        session: Session | None = g.get("session")
        if session is not None:
            return session.form_token
        if "form_token" not in g:
            g.form_token = self.cookies.form_token(request)
        return str(g.form_token)

    def finish(self, response: Response) -> Response:
        """The headers of each answer, and the cookie that goes with a form."""
        response.headers.update(HEADERS)
        response.headers.setdefault("Cache-Control", "no-store")
        response.vary.add("Cookie")
        if "form_token" in g:
            self.cookies.set(request, response, FORM, g.form_token)
        return response

    def _session(self) -> Session | None:
        used = LOOKS_FOR_NEWS not in request.headers
        session = self.sessions.find(self.cookies.read(request, SESSION), used=used)
        if session is None or (session.password and not self._still(session.password)):
            return None
        return None if session.issuer and not same_token(session.issuer, self.issuer) else session

    def _still(self, password: str) -> bool:
        return self.password.is_set and same_token(password, self.password.fingerprint)

    def _token_is_right(self) -> bool:
        session: Session | None = g.session
        wanted = session.form_token if session else self.cookies.read(request, FORM)
        return same_token(request.form.get("token", ""), wanted)


def operator() -> Operator:
    """Who does what this request asks for; only where a role is needed."""
    return Operator(g.session.who, "console", request.remote_addr or "")


def may_now(role: str) -> bool:
    """May the person of this request do what needs that role?"""
    session: Session | None = g.get("session")
    return session is not None and may(session.role, role)


def _to_sign_in() -> ResponseReturnValue:
    if LOOKS_FOR_NEWS in request.headers or request.headers.get("Sec-Fetch-Dest") == "audio":
        return Response("signed out", 401, content_type="text/plain; charset=utf-8")
    if request.method != "GET":
        return redirect(url_for("console.login"), 303)
    wanted = request.full_path if request.query_string else request.path
    path = request.script_root + wanted
    return redirect(f"{url_for('console.login')}?{urlencode({'next': path})}", 303)


def _refused(reason: str, why: str) -> Forbidden:
    step(
        log,
        "refuse",
        level=logging.WARNING,
        path=request.path,
        address=request.remote_addr,
        reason=why,
    )
    return Forbidden(reason)
