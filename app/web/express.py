"""Callbacks of the usual kind, for a loop that must not wait: read here, and told when stored.

Usual is a signed form that tells of something in a conference. Everything else, and everything that
goes wrong, is for the routes of Flask (`app.web.callbacks`), which begin anew: what was stored
already is known there by its nonce.
"""

import time
from collections.abc import MutableMapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from redis import Redis

from app.errors import Refused
from app.logs import bound
from app.metrics.counting import HttpCells
from app.plivo.parse import parse
from app.plivo.request import verified
from app.settings import Settings
from app.store.inbox import accept_arguments, accepted
from app.store.scripts import StepTimes
from app.store.server.tagged import Tagging
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
    by: "Express"

    def arguments(self) -> Sequence[str | int]:
        return accept_arguments(self.received.event, self.received.known_by)


class Express:
    """Reads callbacks and answers them, in one thread."""

    def __init__(
        self,
        settings: Settings,
        times: StepTimes,
        counted: HttpCells,
        tagging: Tagging | None = None,
    ) -> None:
        """`tagging`: of the account whose settings these are; None: of the service's own."""
        self._settings, self._times, self._counted = settings, times, counted
        self.tagging = tagging
        self._prefix = "" if tagging else urlsplit(settings.public_url).path
        known = callbacks.policies(settings).items()
        self._routes = {f"/plivo/{kind}" for kind, policy in known if policy == REQUIRED}
        if not settings.has_account:
            self._routes.clear()
        name = settings.account
        self._of = partial(bound, account=name) if name else nullcontext[None]

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
        with self._of():
            received = callbacks.receive(event, given.nonce, self._settings, trace)
        return Begun(path, received, began, self)

    def end(self, begun: Begun, stored: Any) -> bytes | None:
        """The body of the answer, or None where it was not stored: Flask shall try."""
        with self._of():
            begun.received.end(None if stored is None else accepted(stored))
        if stored is None:
            return None
        body = callbacks.answer(begun.received.event)
        took = time.perf_counter() - begun.began
        self._times.note(took)
        self._counted.note(begun.route, "POST", "200", took, "")
        return body


class Expresses:
    """Who reads a request: one for all, where there is one account."""

    spaces = False
    """Does `of` ever answer one of an account?"""

    def __init__(self, redis: Redis, root: Express) -> None:
        self.redis, self.root = redis, root

    @property
    def serves(self) -> bool:
        """Is there anything to do for any?"""
        return self.root.serves

    def of(self, environ: MutableMapping[str, Any]) -> Express | None:
        """Who reads this request, whose address may be changed for it; None: Flask shall."""
        return self.root
