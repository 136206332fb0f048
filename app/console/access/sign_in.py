"""Signing in and out: by the password, or by a link that works once."""

from flask import Blueprint, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from redis import Redis

from app.console.access.cookies import SESSION
from app.console.access.entrance import Entrance
from app.console.access.guard import operator
from app.console.access.links import take_link, why_not
from app.console.access.passwords import Tries
from app.operators.audit import Audit, Entry

LONGEST_PASSWORD = 1024


def add_routes(routes: Blueprint, entrance: Entrance, redis: Redis) -> None:
    """`/login`, `/login/link`, `/logout`."""
    tries, of_links = Tries(redis), Tries(redis, "link")
    audit, guard = Audit(redis), entrance.guard

    @routes.get("/login")
    def login() -> ResponseReturnValue:
        return entrance.page()

    @routes.post("/login")
    def sign_in() -> ResponseReturnValue:
        address = request.remote_addr or ""
        if not tries.one_more(address):
            return entrance.braked(
                "Too many tries from your address. Wait a quarter of an hour, or use a "
                "link of `gavel login-link`."
            )
        guess = request.form.get("password", "")
        if len(guess) > LONGEST_PASSWORD or not guard.password.matches(guess):
            return entrance.refused("That is not the password.", audit="a wrong password")
        tries.forget(address)
        return entrance.begin(
            "admin",
            "admin",
            "the password",
            password=guard.password.fingerprint,
            next=request.form.get("next", ""),
        )

    @routes.post("/login/link")
    def use_link() -> ResponseReturnValue:
        secret, address = request.form.get("once", ""), request.remote_addr or ""
        found = take_link(redis, secret)
        if found is None:
            told = of_links.one_more(address)  # a flood of guesses fills no audit
            return entrance.refused(
                "This link was used, or is older than a quarter of an hour. "
                "Make a new one with `gavel login-link`.",
                audit=why_not(redis, secret) if told else "",
            )
        next = request.form.get("next", "")
        return entrance.begin(found.who, found.role, "a link", next=next)

    @routes.post("/logout")
    def sign_out() -> ResponseReturnValue:
        guard.sessions.end(guard.cookies.read(request, SESSION))
        audit.note(Entry.by(operator(), "sign_out", g.session.role))
        response = redirect(url_for("console.login"), 303)
        guard.cookies.forget(request, response, SESSION)
        return response
