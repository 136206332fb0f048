"""Settings: who has access; what anybody sees of their own sessions, what an admin sees of all."""

from flask import Blueprint, Response, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from redis import Redis

from app.console.access.cookies import SESSION
from app.console.access.guard import Guard, operator
from app.console.access.links import Invitation, make_link
from app.console.access.roles import ROLES
from app.console.forms import seconds_of
from app.console.frame import Pages
from app.errors import NotFound, Unusable
from app.operators.audit import Audit, Entry
from app.operators.tokens import SCOPES, Tokens
from app.settings import Settings
from app.store import keys

LONGEST_NAME = 60


def add_routes(
    routes: Blueprint, pages: Pages, settings: Settings, redis: Redis, guard: Guard
) -> None:
    """`/settings/access`, `/settings/you`, and what is done there."""
    audit, tokens = Audit(redis), Tokens(redis)

    def mine() -> str:
        """The digest of the session that asks."""
        return keys.session(guard.cookies.read(request, SESSION)).rpartition(":")[2]

    def end_all(who: str | None, told: str) -> None:
        """End what is of `who` (of everybody when None), but the session that asks."""
        count = guard.sessions.end_others(mine(), who)
        if count:
            audit.note(Entry.by(operator(), "session.end", f"{told}: {count}"))

    @routes.get("/settings/you", endpoint="you")
    def you() -> Response:
        found = guard.sessions.all(g.session.who)
        return pages.always("console/you.html", {"sessions": found, "mine": mine()})

    @routes.post("/settings/you/end", endpoint="end_my_others")
    def end_my_others() -> ResponseReturnValue:
        end_all(g.session.who, "their other sessions")
        return redirect(url_for("console.you"), 303)

    @routes.get("/settings/access", endpoint="access")
    def access() -> Response:
        return _access()

    def _access(**made: str) -> Response:
        told = {"secret": "", "secret_name": "", "link": "", "link_for": ""} | made
        values = {"sessions": guard.sessions.all(), "mine": mine(), "tokens": tokens.all()}
        values |= {"roles": ROLES, "scopes": SCOPES}
        return pages.always("console/access.html", values | told)

    @routes.post("/settings/access/sessions/<digest>/end", endpoint="end_session")
    def end_session(digest: str) -> ResponseReturnValue:
        ended = guard.sessions.all().get(digest)
        if ended is None or not guard.sessions.end_by_digest(digest):
            raise NotFound("that session is over already")
        audit.note(Entry.by(operator(), "session.end", f"{ended.role}, {ended.who}"))
        return redirect(url_for("console.access"), 303)

    @routes.post("/settings/access/sessions/end", endpoint="end_sessions")
    def end_sessions() -> ResponseReturnValue:
        who = request.form.get("who")
        if who == "":
            raise Unusable("who: choose whose sessions shall end")
        end_all(who, "all others" if who is None else f"all of {who}")
        return redirect(url_for("console.access"), 303)

    @routes.post("/settings/access/tokens", endpoint="new_token")
    def new_token() -> Response:
        form = request.form
        name, scope = form.get("name", "").strip(), form.get("scope", "")
        _, secret = tokens.new(operator(), name, scope, seconds_of(form, "expires"))
        return _access(secret=secret, secret_name=name)

    @routes.post("/settings/access/tokens/revoke", endpoint="revoke_token")
    def revoke_token() -> ResponseReturnValue:
        if not tokens.revoke(operator(), request.form.get("name", "")):
            raise NotFound("there is no token of that name")
        return redirect(url_for("console.access"), 303)

    @routes.post("/settings/access/links", endpoint="new_link")
    def new_link() -> Response:
        role = request.form.get("role", "")
        who = " ".join(request.form.get("name", "").split())
        if role not in ROLES:
            raise Unusable(f"role: must be {', '.join(ROLES)}")
        if not who or not who.isprintable() or len(who) > LONGEST_NAME:
            raise Unusable(f"name: say whose link it is, in {LONGEST_NAME} characters at most")
        link = make_link(redis, settings.console_url, Invitation(who, role))
        audit.note(Entry.by(operator(), "link.new", f"{role}, for {who}"))
        return _access(link=link, link_for=who)
