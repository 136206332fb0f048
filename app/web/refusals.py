"""Requests that are refused: the answer, and the line in the log.

What comes to the addresses of Plivo and of your programs, or is signed as Plivo signs, is told
whatever is wrong with it: a mistaken address there loses events. Other unknown addresses are what
strangers try; they are counted only.
"""

import json
import logging
import re

from flask import Response, current_app, request
from werkzeug.exceptions import HTTPException, InternalServerError

from app.api.problems import PROBLEM, is_api, problem
from app.errors import STATUS, NotYet, Refused
from app.logs import Thinned, step
from app.plivo.signature import MAIN_V3, V2, V3
from app.web import answer

log = logging.getLogger("gavel.receive")

MOST_TOLD = 20
told = Thinned(MOST_TOLD)
"""A flood of refusals, a thousand guesses of a token a second say, is told by some of them."""

NO_ACCOUNT = "gavel.no_account"
"""Where the environment of a request names the account that it is for and that there is not."""

_FOR_PROGRAMS = re.compile("/(?:plivo|triggers)(?:/|$)", re.IGNORECASE)


def tell(status: int, reason: object, level: int = logging.WARNING, **more: object) -> None:
    """The line in the log about one refusal, unless there are too many."""
    left_out = told.left_out()
    if left_out is None:
        return
    more["reason"], more["not_logged_before"] = reason, left_out or None
    step(log, "refuse", level=level, status=status, **more)


def refuse(error: Refused) -> Response:
    """The answer to a request that was not accepted, and the line in the log that says so."""
    status = STATUS[type(error)]
    tell(status, error, _level(error, status), method=request.method, path=request.path)
    response = _answer(status, str(error))
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if error.retry:
        response.headers["Retry-After"] = "1"
    return response


def _level(error: Refused, status: int) -> int:
    if isinstance(error, NotYet) and request.path == "/readyz":
        return logging.INFO  # it is asked again and again while all starts
    if request.path == f"/plivo/answer/{answer.PROBED}":
        return logging.INFO  # `gavel doctor` looks whether it is refused, as it must be
    return logging.ERROR if status >= 500 else logging.WARNING


def http_error(error: HTTPException) -> Response:
    """Flask's own refusals (no such address, wrong method), and our mistakes: a 500, whose trace
    Flask has logged."""
    if isinstance(error, InternalServerError):
        return _answer(500, "Gavel made a mistake; its log has the trace")
    if _is_of_programs():
        tell(error.code or 500, _reason(error), method=request.method, path=request.path)
    response = _answer(error.code or 500, error.description or error.name)
    if allowed := getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def _is_of_programs() -> bool:
    signed = any(name in request.headers for name in (V3, MAIN_V3, V2))
    return signed or _FOR_PROGRAMS.search(request.path) is not None


def _reason(error: HTTPException) -> str:
    if error.code == 405:
        return "this address is for another method"
    if error.code != 404:
        return error.description or error.name
    if name := request.environ.get(NO_ACCOUNT):
        return f"there is no account {name!r} in ACCOUNTS_FILE"
    if "callbacks" not in current_app.blueprints:
        return "the service has no account of its own: addresses of accounts begin with /a/NAME"
    return "nothing is at this address"


def _answer(status: int, text: str) -> Response:
    if is_api(request.path):
        return Response(problem(status, text), status=status, content_type=PROBLEM)
    body = json.dumps({"error": text}, ensure_ascii=False)
    return Response(body, status=status, content_type="application/json")
