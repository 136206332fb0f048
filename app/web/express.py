"""Callbacks of the usual kind, for a loop that must not wait: read here, and told when stored.

Usual is a signed form that tells of something in a conference. Everything else, and everything that
goes wrong, is for the routes of Flask (`app.web.callbacks`), which begin anew: what was stored
already is known there by its nonce.
"""

import time
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from app.errors import Refused
from app.metrics.counting import HttpCells
from app.plivo.parse import parse
from app.plivo.request import verified
from app.settings import Settings
from app.store.inbox import Inbox, accept_arguments, accepted
from app.store.scripts import step_times
from app.web import callbacks

EXPRESS = "gavel.express"
"""Where the application holds its `Express`."""

SCRIPT = "accept"
"""What stores an event, with the arguments that a `Begun` has."""

REQUIRED = "require"


@dataclass(frozen=True, slots=True)
class Begun:
    """A callback on its way into the inbox."""

    route: str
    received: callbacks.Received
    began: float

    def arguments(self) -> Sequence[str | int]:
        return accept_arguments(self.received.event, self.received.known_by)


class Express:
    """Reads callbacks and answers them, in one thread."""

    def __init__(self, settings: Settings, inbox: Inbox, counted: HttpCells) -> None:
        self.redis = inbox.redis
        self._settings, self._counted = settings, counted
        self._times = step_times(inbox.redis, SCRIPT)
        self._prefix = urlsplit(settings.public_url).path
        known = callbacks.policies(settings).items()
        self._routes = {f"/plivo/{kind}" for kind, policy in known if policy == REQUIRED}

    @property
    def serves(self) -> bool:
        """Is there anything that may be answered as soon as the primary has it? Only threads wait
        for a replica."""
        return bool(self._routes) and not self._settings.replicated

    def begin(self, environ: MutableMapping[str, Any]) -> Begun | None:
        """What to store; None: this one is for Flask."""
        began = time.perf_counter()
        path: str = environ["PATH_INFO"]
        if self._prefix and path.startswith(self._prefix + "/"):
            environ["SCRIPT_NAME"], path = self._prefix, path[len(self._prefix) :]
        if path not in self._routes or not environ.get("HTTP_HOST"):
            return None
        try:
            given = verified(environ, self._settings, REQUIRED)
            event = parse(given)
        except Refused:
            return None
        if not event.conference:
            return None
        trace = environ.get("HTTP_TRACEPARENT", "")
        received = callbacks.receive(event, given.nonce, self._settings, trace)
        return Begun(path, received, began)

    def end(self, begun: Begun, stored: Any) -> bytes | None:
        """The body of the answer, or None where it was not stored: Flask shall try."""
        begun.received.end(None if stored is None else accepted(stored))
        if stored is None:
            return None
        body = callbacks.answer(begun.received.event)
        took = time.perf_counter() - begun.began
        self._times.note(took)
        self._counted.note(begun.route, "POST", "200", took, "")
        return body
