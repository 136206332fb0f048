"""What every way in ends with: a session that begins, or the sign-in page with what was wrong."""

import logging

from flask import Response, g, redirect, render_template, request, url_for
from redis import Redis
from werkzeug import Response as Answer

from app.console.access.cookies import SESSION
from app.console.access.guard import Guard
from app.console.access.links import anybody_signed_in, remember_sign_in
from app.console.access.local_path import local_path
from app.domain.operator import Operator
from app.logs import step
from app.metrics.catalogue import LOGINS
from app.operators.audit import Audit, Entry
from app.store import keys

log = logging.getLogger("gavel.console")


class Entrance:
    """Begins sessions. `by_issuer` is where a sign-in by OIDC begins, "" where there is none.
    Every method raises RedisError."""

    def __init__(self, guard: Guard, redis: Redis, by_issuer: str = "") -> None:
        self.guard, self._redis, self._by_issuer = guard, redis, by_issuer
        self._audit = Audit(redis)

    def page(self, problem: str = "", status: int = 200) -> Response:
        """The sign-in page."""
        text = render_template(
            "console/login.html",
            problem=problem,
            once=request.values.get("once", "") if not problem else "",
            next=local_path(request.values.get("next", "")),
            password=self.guard.password.is_set,
            by_issuer=self._by_issuer,
            first=not anybody_signed_in(self._redis),
        )
        return Response(text, status)

    def braked(self, problem: str) -> Response:
        """There were too many tries."""
        self._counted("braked")
        step(log, "sign-in braked", level=logging.WARNING, address=request.remote_addr)
        return self.page(problem, 429)

    def refused(
        self, problem: str, status: int = 401, *, audit: str = "", who: str = "", reason: str = ""
    ) -> Response:
        """Nobody comes in. `audit` is what the audit tells of it, "" for nothing; `reason` is for
        the log."""
        self._counted("refused")
        address = request.remote_addr or ""
        step(
            log,
            "sign-in refused",
            level=logging.WARNING,
            address=address,
            reason=reason or audit or None,
        )
        if audit:
            self._audit.note(Entry(who, "console", address, "sign_in.refused", audit))
        return self.page(problem, status)

    def begin(
        self, who: str, role: str, by: str, *, password: str = "", issuer: str = "", next: str = ""
    ) -> Answer:
        """A new session; the one that was is over. `by` says in words what let them in."""
        guard = self.guard
        guard.sessions.end(guard.cookies.read(request, SESSION))
        id = guard.sessions.begin(who, role, password, issuer)
        remember_sign_in(self._redis)
        self._counted("signed_in")
        step(log, "sign-in", who=who, role=role, address=request.remote_addr)
        came = Operator(who, "console", request.remote_addr or "")
        self._audit.note(Entry.by(came, "sign_in", f"{role}, by {by}"))
        g.pop("form_token", None)
        where = local_path(next) or url_for("console.live")
        response = redirect(where, 303)
        guard.cookies.set(request, response, SESSION, id)
        return response

    def _counted(self, outcome: str) -> None:
        self._redis.hincrby(keys.METRICS, LOGINS.field(outcome), 1)
