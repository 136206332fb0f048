"""Verify, parse, accept: the three addresses that Plivo's callbacks come to.

An answer of 200 means stored for good, or stored before. Everything else means that nothing of
the request was kept.
"""

import logging

from flask import Blueprint, Response, request
from redis.exceptions import RedisError

from app.errors import Unavailable, Unusable
from app.logs import step
from app.plivo.fields import flat_fields, object_fields
from app.plivo.parse import Callback, identities, parse
from app.plivo.verify import Gate, Passed
from app.settings import Settings
from app.store.inbox import Accepted, Inbox

log = logging.getLogger("gavel.receive")

NOTHING_TO_DO = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
"""For what is no event of a conference: where the address was given as `waitSound` or `action`,
Plivo reads the answer as XML. To an event the answer is empty."""


class Receiver:
    """Takes a verified callback into the inbox."""

    def __init__(self, settings: Settings, inbox: Inbox) -> None:
        self._inbox = inbox
        self._dedupe = settings.dedupe_window
        self._replay = settings.replay_window

    def accept(self, passed: Passed) -> tuple[Callback, Accepted]:
        """Parse and store. Raises Unusable or Unavailable."""
        callback = self._parse(passed)
        known_by = identities(callback, passed.nonce, dedupe=self._dedupe, replay=self._replay)
        try:
            if not callback.recording_id:
                return callback, self._inbox.accept(callback.event, identities=known_by)
            if callback.event.kind.startswith("recording."):
                callback = self._named(callback)
                return callback, self._inbox.accept(callback.event, identities=known_by)
            return callback, self._inbox.accept_for_recording(
                callback.event, callback.recording_id, identities=known_by
            )
        except RedisError as error:
            raise Unavailable(f"the callback could not be stored: {error}") from error

    def _parse(self, passed: Passed) -> Callback:
        incoming = passed.incoming
        if incoming.json is None:
            return parse(flat_fields(incoming.query, incoming.fields))
        # No signature covers a JSON body. Plivo's old pages show one for recordings; whoever
        # replays a request with another body must not reach further than that.
        callback = parse(flat_fields(incoming.query, ()) | object_fields(incoming.json))
        if not callback.event.kind.startswith(("recording.", "transcription.")):
            raise Unusable("only recording and transcription callbacks may be JSON: send a form")
        return callback

    def _named(self, callback: Callback) -> Callback:
        """A recording's callback without a name: find the conference it was started in."""
        name = self._inbox.conference_of_recording(callback.recording_id)
        if name is None:
            raise Unusable("ConferenceName is missing: it must be the name of the conference")
        return callback.in_conference(name)


def blueprint(settings: Settings, inbox: Inbox) -> Blueprint:
    """`/plivo/conference`, `recording`, `transcription`: they differ in their policy only."""
    routes = Blueprint("receiver", __name__)
    receiver = Receiver(settings, inbox)

    def add(name: str, policy: str) -> None:
        gate = Gate(settings, policy)

        def view() -> Response:
            callback, accepted = receiver.accept(gate(request.environ))
            event = callback.event
            step(
                log,
                "accept" if accepted.new else "duplicate",
                event=accepted.event_id,
                kind=event.kind,
                conference=event.conference,
            )
            body = NOTHING_TO_DO if event.kind == "callback.unknown" else b""
            return Response(body, content_type="application/xml")

        routes.add_url_rule(f"/plivo/{name}", name, view, methods=["GET", "POST"])

    add("conference", settings.signature_conference)
    add("recording", settings.signature_recording)
    add("transcription", settings.signature_transcription)
    return routes
