"""Pages that say why something was not done, with a way back, and that there is nothing here."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from flask import Blueprint, Response, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from redis.exceptions import RedisError
from werkzeug.exceptions import HTTPException

from app.console.access.guard import LOOKS_FOR_NEWS, Guard
from app.console.access.local_path import local_path
from app.console.frame import Pages
from app.errors import STATUS, Refused

Otherwise = Callable[[HTTPException], Response]
TYPED = {"text": "to be said", "reason": "why"}
"""What people type into forms that is worth keeping, and what it is."""
NOT_FOR_PEOPLE = ("/plivo/", "/triggers/", "/api/")


def add_handlers(routes: Blueprint, guard: Guard, pages: Pages, otherwise: Otherwise) -> None:
    """For what the console refuses, and for addresses that are none. `otherwise` answers those who
    are no people."""
    routes.register_error_handler(Refused, _refused)
    routes.register_error_handler(RedisError, _redis_away)
    routes.register_error_handler(HTTPException, _http_error)

    def missing(error: HTTPException) -> ResponseReturnValue:
        if not _is_person() or not guard.places.acquire(blocking=False):
            return otherwise(error)
        try:
            away = guard.ask_who()
            if away is not None:
                return away
            back, what = _where_else(error.code)
            response = pages.always("console/missing.html", {"back": back, "what": what})
            response.status_code = error.code or 404
            return guard.finish(response)
        except RedisError:
            return otherwise(error)
        finally:
            guard.places.release()

    for status in (404, 405):
        routes.app_errorhandler(status)(missing)


def _is_person() -> bool:
    """Does a browser ask, for a page?"""
    wanted = request.accept_mimetypes.best_match(("application/json", "text/html"))
    of_machines = request.path.startswith(NOT_FOR_PEOPLE) or LOOKS_FOR_NEWS in request.headers
    return wanted == "text/html" and not of_machines


def _where_else(status: int | None) -> tuple[str, str]:
    """Where to go on from an address that shows nothing, and what is the matter with it."""
    what = "There is no page at this address."
    if status == 405:
        what = "This address takes what a form sends, and shows nothing by itself."
    first, _, rest = request.path.strip("/").partition("/")
    if first == "c" and rest:
        return url_for("console.conference", key=rest.partition("/")[0]), what
    return (url_for("console.doctor") if first == "settings" else ""), what


def _refused(error: Refused) -> Response:
    return _problem(STATUS[type(error)], "That is not possible", str(error), again=error.retry)


def _redis_away(_error: RedisError) -> Response:
    what = "Redis does not answer, so nothing is known now. This page asks again in a second."
    return _problem(503, "Redis is away", what, again=True)


def _http_error(error: HTTPException) -> Response:
    return _problem(error.code or 500, error.name, error.description or "")


def _problem(status: int, title: str, what: str, *, again: bool = False) -> Response:
    values = {"title": title, "what": what, "again": again, "back": _back(), "typed": _typed()}
    response = Response(render_template("console/problem.html", **values), status)
    if again:
        response.headers["Retry-After"] = "1"
    return response


def _back() -> str:
    """The page here that it was asked from; "" when that is none, or this one."""
    try:
        came = urlsplit(request.referrer or "")
    except ValueError:
        return ""
    path = f"{came.path}?{came.query}" if came.query else came.path
    here = came.netloc == request.host and came.path != request.script_root + request.path
    return local_path(path) if here else ""


def _typed() -> Mapping[str, str]:
    """What somebody wrote into the form that was not taken, so that it is not lost."""
    if request.method != "POST" or g.get("session") is None:
        return {}
    return {name: text for name in TYPED if (text := request.form.get(name, "").strip())}
