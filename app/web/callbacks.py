"""Verify, parse, accept: the three addresses that Plivo's callbacks come to.

An answer of 200 means stored for good, or stored before. Everything else means that nothing of
the request was kept.
"""

import logging
from dataclasses import replace

from flask import Blueprint, Response, request

from app.domain.event import Event
from app.logs import span, step
from app.plivo.parse import identities, parse
from app.plivo.request import verified
from app.plivo.signature import PlivoRequest
from app.settings import Settings
from app.store.inbox import Accepted, Inbox

log = logging.getLogger("gavel.receive")

NOTHING_TO_DO = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
"""For what is no event of a conference: where the address was given as `waitSound` or `action`,
Plivo reads the answer as XML. To an event the answer is empty."""


def blueprint(settings: Settings, inbox: Inbox) -> Blueprint:
    """`/plivo/conference`, `recording`, `transcription`: they differ in their policy only."""
    routes = Blueprint("callbacks", __name__)
    policies = {
        "conference": settings.signature_conference,
        "recording": settings.signature_recording,
        "transcription": settings.signature_transcription,
    }

    @routes.route(f"/plivo/<any({', '.join(policies)}):kind>", methods=["GET", "POST"])
    def callback(kind: str) -> Response:
        given = verified(request.environ, settings, policies[kind])
        event, accepted = accept(given, settings, inbox, request.headers.get("traceparent", ""))
        step(
            log,
            "accept" if accepted.new else "duplicate",
            event=accepted.event_id,
            kind=event.kind,
            conference=event.conference,
            trace=event.trace[3:35] or None,
        )
        body = NOTHING_TO_DO if event.kind == "callback.unknown" else b""
        return Response(body, content_type="application/xml")

    return routes


def accept(
    request: PlivoRequest, settings: Settings, inbox: Inbox, traceparent: str = ""
) -> tuple[Event, Accepted]:
    """Parse and store. Raises Unusable or RedisError."""
    event, receiving = parse(request), span("receive", traceparent)
    if receiving.parent:
        event = replace(event, trace=receiving.parent)
    if unreadable := event.data.get("unreadable"):
        told = ", ".join(f"{name} {why}" for name, why in unreadable.items())
        step(log, "leave out", level=logging.WARNING, event=event.id, fields=told)
    known_by = identities(
        event, request.nonce, dedupe=settings.dedupe_window, replay=settings.replay_window
    )
    try:
        return event, inbox.accept(event, identities=known_by)
    finally:
        receiving.end(event=event.id, kind=event.kind)
