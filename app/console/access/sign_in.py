"""Signing in and out: by the password, or by a link that works once."""

import logging
import re
from urllib.parse import urlsplit

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from redis import Redis

from app.console.access.cookies import SESSION
from app.console.access.guard import Guard, operator
from app.console.access.links import anybody_signed_in, remember_sign_in, take_link
from app.console.access.passwords import Tries
from app.domain.operator import Operator
from app.logs import step
from app.metrics.catalogue import LOGINS
from app.operators.audit import Audit, Entry
from app.store import keys

log = logging.getLogger("gavel.console")

LONGEST_PASSWORD = 1024
_LOCAL = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*", re.ASCII)


def add_routes(routes: Blueprint, guard: Guard, redis: Redis) -> None:
    """`/login`, `/login/link`, `/logout`."""
    tries, audit = Tries(redis), Audit(redis)

    @routes.get("/login")
    def login() -> ResponseReturnValue:
        return _page()

    @routes.post("/login")
    def sign_in() -> ResponseReturnValue:
        address = request.remote_addr or ""
        if not tries.one_more(address):
            _counted("braked")
            step(log, "sign-in braked", level=logging.WARNING, address=address)
            return _page(
                "Too many tries from your address. Wait a quarter of an hour, or use a "
                "link of `gavel login-link`.",
                429,
            )
        guess = request.form.get("password", "")
        if len(guess) > LONGEST_PASSWORD or not guard.password.matches(guess):
            _counted("refused")
            step(log, "sign-in refused", level=logging.WARNING, address=address)
            audit.note(Entry("", "console", address, "sign_in.refused", "a wrong password"))
            return _page("That is not the password.", 401)
        tries.forget(address)
        return _begin("admin", "admin", "the password", guard.password.fingerprint)

    @routes.post("/login/link")
    def use_link() -> ResponseReturnValue:
        found = take_link(redis, request.form.get("once", ""))
        if found is None:
            _counted("refused")
            step(log, "sign-in refused", level=logging.WARNING, address=request.remote_addr)
            return _page(
                "This link was used, or is older than a quarter of an hour. "
                "Make a new one with `gavel login-link`.",
                401,
            )
        return _begin(found.who, found.role, "a link")

    @routes.post("/logout")
    def sign_out() -> ResponseReturnValue:
        guard.sessions.end(guard.cookies.read(request, SESSION))
        audit.note(Entry.by(operator(), "sign_out", g.session.role))
        response = redirect(url_for("console.login"), 303)
        guard.cookies.forget(request, response, SESSION)
        return response

    def _counted(outcome: str) -> None:
        redis.hincrby(keys.METRICS, LOGINS.field(outcome), 1)

    def _page(problem: str = "", status: int = 200) -> ResponseReturnValue:
        text = render_template(
            "console/login.html",
            problem=problem,
            once=request.values.get("once", "") if not problem else "",
            next=local_path(request.values.get("next", "")),
            password=guard.password.is_set,
            first=not anybody_signed_in(redis),
        )
        return Response(text, status)

    def _begin(who: str, role: str, by: str, password: str = "") -> ResponseReturnValue:
        """A new session; the one that was is over."""
        guard.sessions.end(guard.cookies.read(request, SESSION))
        id = guard.sessions.begin(who, role, password)
        remember_sign_in(redis)
        _counted("signed_in")
        step(log, "sign-in", who=who, role=role, address=request.remote_addr)
        came = Operator(who, "console", request.remote_addr or "")
        audit.note(Entry.by(came, "sign_in", f"{role}, by {by}"))
        g.pop("form_token", None)
        where = local_path(request.form.get("next", "")) or url_for("console.live")
        response = redirect(where, 303)
        guard.cookies.set(request, response, SESSION, id)
        return response


def local_path(text: str) -> str:
    """A path on this host to go on to; "" for everything else."""
    if len(text) > 2000 or not _LOCAL.fullmatch(text):
        return ""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return "" if parts.scheme or parts.netloc else text
