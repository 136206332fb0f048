"""`/plivo/answer/<conference>`: the address that a call is answered from."""

import logging
import time
from typing import Any

from flask import Blueprint, Response, request
from redis import Redis
from redis.exceptions import RedisError

from app.callers.joining import COUNT, Caller
from app.domain.event import checked_name
from app.errors import Unavailable, Unusable
from app.logs import step
from app.plivo.answer_xml import answer_xml
from app.plivo.caller import caller_of
from app.plivo.request import verified
from app.settings import Settings
from app.store import keys
from app.store.published_rules import PublishedRules

PROBED = "gavel-doctor"
"""The conference of which `gavel doctor` asks; nobody is ever in it."""

log = logging.getLogger("gavel.receive")


def blueprint(settings: Settings, redis: Redis, rules: PublishedRules) -> Blueprint:
    """`/plivo/answer/<conference>`."""
    routes = Blueprint("answer", __name__)

    @routes.route("/plivo/answer/<anything:conference>", methods=["GET", "POST"])
    def answer(conference: str) -> Response:
        given = verified(request.environ, settings, settings.signature_answer)
        name = checked_name(_decoded(conference), "the conference in the address")
        current = rules.current(stale=True)
        if current is None:  # nobody is let in with options that nobody wanted
            raise Unavailable("no worker has loaded the rules yet: call again in a moment")
        step(log, "answer", conference=name, rules=current.digest)
        caller = caller_of(given) if current.asks_for_callers else {}
        if current.asks_for_count:
            caller |= counted(redis, name)
        text = answer_xml(settings.public_url, name, current, caller, time.time())
        return Response(text.encode(), content_type="application/xml")

    return routes


def counted(redis: Redis, conference: str) -> Caller:
    """How many are in the conference; nothing while Redis is away."""
    try:
        found: Any = redis.zscore(keys.MEMBERS, keys.conference_key(conference))
    except RedisError:
        return {}
    return {COUNT: str(int(found or 0))}


def _decoded(conference: str) -> str:
    """As routed. Raises Unusable where the address was not UTF-8: Flask has replaced it then."""
    try:
        request.environ["PATH_INFO"].encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        raise Unusable("the conference in the address is not UTF-8 text") from None
    return conference
