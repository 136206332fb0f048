"""Verify, parse, accept: the three addresses that Plivo's callbacks come to.

An answer of 200 means stored for good, or stored before. Everything else means that nothing of
the request was kept.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from flask import Blueprint, Response, request
from werkzeug.exceptions import MethodNotAllowed

from app.domain.event import Event
from app.logs import Span, span, step
from app.plivo.parse import identities, parse
from app.plivo.request import verified
from app.plivo.signature import PlivoRequest
from app.settings import Settings
from app.store.inbox import Accepted, Identity, Inbox

log = logging.getLogger("gavel.receive")

NOTHING_TO_DO = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
"""For what is no event of a conference: where the address was given as `waitSound` or `action`,
Plivo reads the answer as XML. To an event the answer is empty."""

CONTENT_TYPE = "application/xml"


def policies(settings: Settings) -> Mapping[str, str]:
    """`/plivo/conference`, `recording`, `transcription`: they differ in their policy only."""
    return {
        "conference": settings.signature_conference,
        "recording": settings.signature_recording,
        "transcription": settings.signature_transcription,
    }


def blueprint(settings: Settings, inbox: Inbox) -> Blueprint:
    """The three routes."""
    routes = Blueprint("callbacks", __name__)
    known = policies(settings)

    @routes.route(f"/plivo/<any({', '.join(known)}):kind>", methods=["GET", "POST"])
    def callback(kind: str) -> Response:
        if request.method == "HEAD":  # it comes with GET, and must change nothing
            raise MethodNotAllowed(("GET", "POST"))
        given = verified(request.environ, settings, known[kind])
        event = accept(given, settings, inbox, request.headers.get("traceparent", ""))
        return Response(answer(event), content_type=CONTENT_TYPE)

    return routes


def accept(request: PlivoRequest, settings: Settings, inbox: Inbox, traceparent: str = "") -> Event:
    """Parse and store. Raises Unusable or RedisError."""
    received, accepted = receive(parse(request), request.nonce, settings, traceparent), None
    try:
        accepted = inbox.accept(received.event, identities=received.known_by)
    finally:
        received.end(accepted)
    return received.event


@dataclass(frozen=True, slots=True)
class Received:
    """An event on its way into the inbox, which knows it by `known_by`."""

    event: Event
    known_by: Sequence[Identity]
    receiving: Span

    def end(self, accepted: Accepted | None) -> None:
        """It was stored, or (None) could not be: tell the trace and the log."""
        event = self.event
        self.receiving.end(event=event.id, kind=event.kind)
        if accepted is not None:
            step(
                log,
                "accept" if accepted.new else "duplicate",
                event=accepted.event_id,
                kind=event.kind,
                conference=event.conference,
                trace=event.trace[3:35] or None,
            )


def receive(event: Event, nonce: str, settings: Settings, traceparent: str) -> Received:
    """Begin to receive what a request told of; `nonce` where a signature proved it."""
    receiving = span("receive", traceparent)
    if receiving.parent:
        event = replace(event, trace=receiving.parent)
    if unreadable := event.data.get("unreadable"):
        told = ", ".join(f"{name} {why}" for name, why in unreadable.items())
        step(log, "leave out", level=logging.WARNING, event=event.id, fields=told)
    known_by = identities(
        event, nonce, dedupe=settings.dedupe_window, replay=settings.replay_window
    )
    return Received(event, known_by, receiving)


def answer(event: Event) -> bytes:
    """What is answered when it is stored."""
    return NOTHING_TO_DO if event.kind == "callback.unknown" else b""
