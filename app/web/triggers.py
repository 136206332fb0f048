"""`POST /triggers/<name>`: your own systems say that something happened."""

import hmac
import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, request
from marshmallow import RAISE, Schema, ValidationError, fields

from app.domain.event import LONGEST_NAME, Event, checked_member, checked_name, new_id
from app.errors import Forbidden, NotFound, Unauthorized, Unavailable, Unusable
from app.logs import span, step
from app.nesting import is_deeper
from app.plivo.request import json_object, read_body
from app.settings import Settings
from app.store.idempotency import accept_once, named
from app.store.inbox import Inbox
from app.store.published_rules import PublishedRules
from app.store.timers import ring

log = logging.getLogger("gavel.receive")

DEEPEST = 32
"""How deep `data` may be nested."""


class TriggerSchema(Schema):
    """The body: `conference`, and perhaps `member` and `data`. Anything else is a mistake.

    The OpenAPI document is made of it; the metadata says what `trigger_event` checks.
    """

    class Meta:
        unknown = RAISE

    conference = fields.String(
        required=True,
        metadata={
            "description": "The name of the conference.",
            "minLength": 1,
            "maxLength": LONGEST_NAME,
        },
    )
    member = fields.String(
        metadata={"description": "The id of the member it is about.", "pattern": "^[0-9]{1,20}$"}
    )
    data = fields.Dict(
        keys=fields.String(),
        load_default=dict,
        metadata={"description": "Anything; rules read it as `data`."},
    )


SCHEMA = TriggerSchema()


class Triggers:
    """Accepts triggers."""

    def __init__(self, settings: Settings, inbox: Inbox, rules: PublishedRules) -> None:
        self._tokens = tuple(token.encode() for token in settings.trigger_token)
        self._setting = "trigger_token in ACCOUNTS_FILE" if settings.account else "TRIGGER_TOKEN"
        self._inbox = inbox
        self._rules = rules

    def authorize(self, header: str) -> None:
        """Raises Forbidden when triggers are switched off, Unauthorized for a wrong token."""
        if not self._tokens:
            raise Forbidden(f"triggers are switched off: set {self._setting} to use them")
        scheme, _, given = header.partition(" ")
        sent = given.strip().encode("utf-8", "replace")
        matches = [hmac.compare_digest(token, sent) for token in self._tokens]
        if scheme.lower() != "bearer" or not any(matches):
            told = f"send `Authorization: Bearer TOKEN` with a token of {self._setting}"
            raise Unauthorized(told)

    def accept(self, name: str, body: bytes, key: str, traceparent: str = "") -> str:
        """Store one trigger; the event's id. Raises NotFound, Unusable, Unavailable, RedisError."""
        current = self._rules.current()
        if current is None:
            ring(self._inbox.redis)
            raise Unavailable("no worker has loaded the rules yet: send it again in a moment")
        if name not in current.trigger_names:
            raise NotFound(f"no rule listens to the trigger {name!r}")
        event = trigger_event(name, json_object(body, "the body"))
        receiving = span("receive", traceparent)
        event = replace(named(event, key), trace=receiving.parent)
        try:
            return accept_once(self._inbox, event, key).event_id
        finally:
            receiving.end(event=event.id, kind="trigger")


def trigger_event(name: str, body: Mapping[str, Any]) -> Event:
    """The event of a trigger's body. Raises Unusable, which names the field to correct."""
    try:
        found = SCHEMA.load(body)
    except ValidationError as error:
        field, problems = next(iter(error.messages_dict.items()))
        said = problems[0] if isinstance(problems, list) else "Not a valid mapping."
        raise Unusable(f"{field}: {said}") from None
    _storable(found["data"])
    data = {"name": name, "data": found["data"], "chain": 0}
    if member := found.get("member"):
        data["member_id"] = checked_member(member, "member")
    return Event(
        new_id(), "trigger", checked_name(found["conference"], "conference"), 0.0, "", data
    )


def blueprint(settings: Settings, inbox: Inbox, rules: PublishedRules) -> Blueprint:
    """`/triggers/<name>`."""
    routes = Blueprint("triggers", __name__)
    triggers = Triggers(settings, inbox, rules)

    @routes.post("/triggers/<name>")
    def trigger(name: str) -> Response:
        triggers.authorize(request.headers.get("Authorization", ""))
        key = request.headers.get("Idempotency-Key", "")
        traceparent = request.headers.get("traceparent", "")
        event_id = triggers.accept(name, read_body(request.environ), key, traceparent)
        step(log, "accept", event=event_id, kind="trigger", trigger=name)
        answer = json.dumps({"event_id": event_id})
        return Response(answer, status=202, content_type="application/json")

    return routes


def _storable(data: Mapping[str, Any]) -> None:
    try:
        json.dumps(data, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise Unusable("data: must be UTF-8 text and finite numbers") from None
    if is_deeper(data, DEEPEST):
        raise Unusable(f"data: must not be nested deeper than {DEEPEST}")
