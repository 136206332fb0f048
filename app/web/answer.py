"""`/plivo/answer/<conference>`: the address that a call is answered from."""

import logging
from typing import Any

from flask import Blueprint, Response, request
from redis import Redis
from redis.exceptions import RedisError

from app.callers.joining import COUNT, Caller, Entry
from app.domain.event import checked_name
from app.errors import Unavailable, Unusable
from app.logs import step
from app.metrics.counting import Counts
from app.plivo.answer_xml import entry_xml
from app.plivo.caller import caller_of, has_hung_up
from app.plivo.elements import document
from app.plivo.request import verified
from app.plivo.signature import PlivoRequest
from app.settings import Settings
from app.store import keys
from app.store.inbox import Inbox
from app.store.published_rules import PublishedRules
from app.store.server import same_store
from app.store.server.clock import SharedClock
from app.store.timers import ring
from app.web.pin import Asked, PinDoor

PROBED = "gavel-doctor"
"""The conference of which `gavel doctor` asks; nobody is ever in it."""

log = logging.getLogger("gavel.receive")


def blueprint(settings: Settings, inbox: Inbox, rules: PublishedRules, counts: Counts) -> Blueprint:
    """`/plivo/answer/<conference>`; digits that were asked for come to `/plivo/pin/…`."""
    routes = Blueprint("answer", __name__)
    door, clock = PinDoor(settings, inbox, counts), SharedClock(inbox.redis)

    @routes.route("/plivo/answer/<anything:conference>", methods=["GET", "POST"])
    def answer(conference: str) -> Response:
        given = verified(request.environ, settings, settings.signature_answer)
        if has_hung_up(given):
            return _xml(document())
        call = asked(given, conference)
        step(log, "answer", conference=call.conference, rules=call.rules.digest)
        if "ask_pin" in call.entry.options:
            return probed(_xml(door.asks(call)), call)
        url = settings.public_url
        return probed(_xml(entry_xml(url, call.conference, call.rules, call.entry)), call)

    @routes.route("/plivo/pin/<anything:conference>", methods=["POST"])
    def pin(conference: str) -> Response:
        given = verified(request.environ, settings, settings.signature_answer)
        call = asked(given, conference)
        step(log, "answer", conference=call.conference, rules=call.rules.digest)
        if "ask_pin" in call.entry.options:
            return _xml(door.hears(call))
        return _xml(entry_xml(settings.public_url, call.conference, call.rules, call.entry))

    def asked(given: PlivoRequest, conference: str) -> Asked:
        """Raises Unusable or Unavailable."""
        name = checked_name(_decoded(conference), "the conference in the address")
        current = rules.current(stale=True)
        if current is None:  # nobody is let in with options that nobody wanted
            ring(inbox.redis)
            raise Unavailable("no worker has loaded the rules yet: call again in a moment")
        caller = caller_of(given) if current.asks_for_callers else {}
        if current.asks_for_count:
            caller |= counted(inbox.redis, name)
        now = clock.now()
        entry = current.entry_for(name, caller, now) or Entry()
        return Asked(name, caller, given, current, entry, now)

    def probed(answer: Response, call: Asked) -> Response:
        """As `/readyz` does for `gavel doctor`, for proxies that let nothing but Plivo through."""
        if call.conference == PROBED and (word := request.args.get("probe")):
            answer.headers[same_store.HEADER] = same_store.look(inbox.redis, word)
        return answer

    return routes


def _xml(text: str) -> Response:
    return Response(text.encode(), content_type="application/xml")


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
