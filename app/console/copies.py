"""Copies of all that a list of recordings shows: how many that would be, then how far it is."""

from collections.abc import Mapping

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from redis import Redis

from app.console.access.guard import may_now, operator
from app.console.forms import once
from app.console.frame import Pages
from app.errors import Unusable
from app.operators.copies import together
from app.operators.recordings import wanted_of
from app.store import keys
from app.store.recordings import Wanted
from app.store.server.clock import redis_time

FIELDS = ("q", "conference", "state", "from", "to")
SHOWN = 200


def add_routes(routes: Blueprint, pages: Pages, redis: Redis) -> None:
    """The plan, the wish, and its page."""

    @routes.get("/recordings/copies", endpoint="plan_copies")
    def show_plan() -> Response:
        asked = asked_of(request.args)
        values = {
            "asked": asked,
            "plan": together.plan(redis, _wanted(asked)),
            "lately": together.lately(redis),
            "once": once(),
        }
        return pages.always("console/plan_copies.html", values)

    @routes.post("/recordings/copies", endpoint="copy_together")
    def copy_together() -> ResponseReturnValue:
        form = request.form
        expect, word = form.get("expect", ""), form.get("once", "")
        if not (expect.isascii() and expect.isdecimal() and word):
            raise Unusable("expect: must be how many the plan had; once: the page's own word")
        id = together.copy_together(
            redis, _wanted(asked_of(form)), int(expect), word, operator(), form.get("reason", "")
        )
        return redirect(url_for("console.copies", id=id), 303)

    @routes.get("/recordings/copies/<id>", endpoint="copies")
    def show_copies(id: str) -> Response:
        found = together.look(redis, id, redis_time(redis))
        more = {"found": found, "WORDS": together.WORDS, "SHOWN": SHOWN}
        more |= {"copiers": bool(redis.scard(keys.COPIERS))}
        return pages.show("console/copies.html", lambda _now: more, more)


def asked_of(fields: Mapping[str, str]) -> Mapping[str, str]:
    """Those fields of the form that say something, as they were written."""
    return {name: fields[name] for name in FIELDS if fields.get(name)}


def _wanted(asked: Mapping[str, str]) -> Wanted:
    return wanted_of(asked, numbers=may_now("operator"))
