"""The page at the sandbox's root: see and drive it by hand. Rendered here, escaped by Jinja2."""

import secrets
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from importlib.resources import files
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web

from sandbox.control.routes import KNOWN_ACTIONS, Player
from sandbox.telephony import Telephony
from sandbox.world.faults import API_KINDS, CONTENT_KINDS, DELIVERY_KINDS
from sandbox.world.log import ApiRequest, Delivery
from sandbox.world.model import Recording

if TYPE_CHECKING:
    from jinja2 import Template

SHOWN_CONFERENCES = 50
SHOWN_LINES = 25
LOOKED_AT = 1000
CAUSED_WITHIN = 2.0
"""Seconds after a callback in which what is asked about its conference is taken for its effect."""
POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "connect-src 'self'; media-src 'self'; img-src data:; "
    "style-src '{style}'; script-src '{script}'"
)
FAULT_KINDS = (
    ("The API", API_KINDS),
    ("Callbacks", DELIVERY_KINDS),
    ("Recordings and transcripts", CONTENT_KINDS),
)


class Page:
    """Renders the state as it is now; Jinja2 is imported with the first page."""

    def __init__(self, lines: Telephony, player: Player) -> None:
        self._lines = lines
        self._player = player
        self._refusals: dict[str, str] = {}

    def refused(self, text: str) -> str:
        """Keep why a form was refused, for the page that follows; its id. The last 20 are kept."""
        id = secrets.token_urlsafe(9)
        self._refusals[id] = text
        if len(self._refusals) > 20:
            del self._refusals[next(iter(self._refusals))]
        return id

    async def show(self, http: web.Request) -> web.Response:
        lines = self._lines
        conferences = lines.exchange.conferences
        shown = list(islice(conferences.values(), SHOWN_CONFERENCES))
        recordings = list(lines.recorder.recordings.values())
        asked = lines.requests.newest(LOOKED_AT)
        requests = [one for one in asked if one.method != "GET"][:SHOWN_LINES]
        reads = [one for one in asked if one.method == "GET"][:SHOWN_LINES]
        deliveries = lines.deliveries.newest(SHOWN_LINES)
        text = self._template.render(
            options=lines.options,
            clock=lines.clock,
            now=lines.clock.now(),
            conferences=shown,
            hidden=len(conferences) - len(shown),
            called_by_hand=lines.called_by_hand,
            answered=[
                (number, application)
                for number in lines.directory.numbers
                if (application := lines.directory.answering(number))
            ],
            recordings=recordings[: -SHOWN_LINES - 1 : -1],
            faults=lines.faults.faults,
            fault_kinds=FAULT_KINDS,
            requests=requests,
            reads=reads,
            deliveries=deliveries,
            caused=what_they_caused(deliveries, requests),
            actions=KNOWN_ACTIONS,
            scenarios=self._player.titles(),
            playing=self._player.playing,
            switches=lines.switches.to_json(),
            error=self._refusals.get(http.query.get("refused", ""), ""),
        )
        headers = {
            "Content-Security-Policy": self._policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cache-Control": "no-store",
        }
        body = text.encode("utf-8", "replace")  # JSON can bring half a surrogate pair
        return web.Response(body=body, content_type="text/html", charset="utf-8", headers=headers)

    @cached_property
    def _template(self) -> "Template":
        from jinja2 import Environment, StrictUndefined

        environment = Environment(autoescape=True, undefined=StrictUndefined)
        environment.filters |= {
            "clock": _clock,
            "length_of": _length,
            "path": _path,
            "path_of": _path_of,
        }
        return environment.from_string(self._source)

    @cached_property
    def _source(self) -> str:
        return files("sandbox.control").joinpath("page.html").read_text("utf-8")

    @cached_property
    def _policy(self) -> str:
        """Only the style and the script of this file run, whatever a name may hold."""
        return POLICY.format(
            style=_hash(self._source, "style"), script=_hash(self._source, "script")
        )


def _hash(source: str, element: str) -> str:
    """The content of the one such element as a source of a Content-Security-Policy."""
    content = source.partition(f"<{element}>")[2].partition(f"</{element}>")[0]
    return f"sha256-{b64encode(sha256(content.encode()).digest()).decode()}"


def what_they_caused(
    deliveries: Sequence[Delivery], requests: Sequence[ApiRequest]
) -> Sequence[Sequence[ApiRequest]]:
    """For each callback, newest first, what was asked about its conference right after it, oldest
    first. What may follow from several follows from the latest that is about the same member, or
    from the latest of all."""
    caused: list[list[ApiRequest]] = [[] for _ in deliveries]
    for request in reversed(requests):
        before = [
            place
            for place, one in enumerate(deliveries)
            if request.conference == one.conference and 0 <= request.at - one.at < CAUSED_WITHIN
        ]
        own = [
            at
            for at in before
            if deliveries[at].fields.get("ConferenceMemberID") in request.members
        ]
        if before:
            caused[(own or before)[0]].append(request)
    return caused


def _clock(instant: float) -> str:
    return f"{datetime.fromtimestamp(instant, UTC):%H:%M:%S}"


def _length(seconds: float) -> str:
    minutes, rest = divmod(int(max(seconds, 0)), 60)
    return f"{minutes}:{rest:02d}"


def _path(recording: Recording) -> str:
    """Where its file is, on this same host."""
    return urlsplit(recording.url).path


def _path_of(url: str) -> str:
    """An address in short; all of it where it can not be taken apart."""
    try:
        return urlsplit(url).path or url
    except ValueError:
        return url
