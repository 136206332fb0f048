"""Listening to a recording on its page: the file in parts, each fetched whole and then answered.

A part takes a thread for as long as its host needs for 256 KiB; the web server's loop sends it on,
however slowly it is read (docs/decisions/0157).
"""

from threading import BoundedSemaphore
from urllib.parse import urlsplit

from flask import Request, Response, g
from redis import Redis

from app.console.access.guard import operator
from app.console.texts import shown
from app.domain.recording import Recording
from app.errors import Busy, Elsewhere, NotFound, Unusable
from app.fetching.parts import NoSuchPart, Part, Wanted, fetched, from_disk
from app.fetching.recordings import FetchError, RecordingSource
from app.operators.audit import Audit, Entry
from app.settings import Settings
from app.store import keys

SILENT_SECONDS = 5.0
WHOLE_SECONDS = 8.0
"""So long a part may take: threads wait for it that pages and the admin API share."""
PAUSE_SECONDS = 1800
"""Who goes on after a longer pause is noted in the audit anew."""
ON_DISK = "file://"
TYPES = {"mp3": "audio/mpeg", "wav": "audio/wav"}
GONE = (404, 410)


class Listening:
    """Answers players. At most half of a process's threads fetch for them at once."""

    def __init__(self, settings: Settings, redis: Redis) -> None:
        self._audit, self._redis = Audit(redis), redis
        self._places = BoundedSemaphore(max(1, settings.web_threads // 2))
        self._source = RecordingSource(
            settings.plivo_auth_id or "",
            next(iter(settings.plivo_auth_token), ""),
            settings.plivo_api_url,
            allow_private=settings.allow_private_webhooks,
            read_seconds=SILENT_SECONDS,
            whole_seconds=WHOLE_SECONDS,
        )

    def answer(self, one: Recording, request: Request) -> Response:
        """The part that a player asks for, noted once for each time somebody listens. Raises
        NotFound, Unusable, Elsewhere, Busy and RedisError."""
        wanted = _wanted(request)
        try:
            part = self._part(one, wanted or Wanted())
        except NoSuchPart as error:
            length = "*" if error.whole is None else error.whole
            return Response(status=416, headers={"Content-Range": f"bytes */{length}"})
        if wanted is None and not part.is_all:
            raise Unusable("it is given in parts: ask as players do, with the header Range")
        self._note(one)
        type = TYPES.get(one.format, TYPES["mp3"])
        response = Response(part.content, 200 if wanted is None else 206, content_type=type)
        response.headers["Accept-Ranges"] = "bytes"
        if wanted is not None:
            response.headers["Content-Range"] = part.content_range
        return response

    def _note(self, one: Recording) -> None:
        entry = Entry.by(operator(), "recording.play", one.id, conference=one.conference)
        listening = keys.listening(g.session.form_token, one.id)
        self._audit.note_once(listening, PAUSE_SECONDS, entry)

    def _part(self, one: Recording, wanted: Wanted) -> Part:
        if not self._places.acquire(blocking=False):
            raise Busy("others are listening just now: ask again in a second")
        try:
            if one.archived_to.startswith(ON_DISK):
                try:
                    return from_disk(one.archived_to.removeprefix(ON_DISK), wanted)
                except OSError:  # another machine's, or gone: Plivo may have it still
                    pass
            if not is_at_plivo(one):
                raise NotFound(f"there is no audio that can be played{_copy(one)}")
            return fetched(self._source, one.url, wanted)
        except FetchError as error:
            raise _told(error, one) from None
        finally:
            self._places.release()


def is_at_plivo(one: Recording) -> bool:
    """Is there audio at an address that a browser opens?"""
    return one.state == "ready" and urlsplit(one.url).scheme in ("http", "https")


def can_be_played(one: Recording) -> bool:
    """Is there audio that a page of ours may come to play?"""
    return is_at_plivo(one) or (one.state == "ready" and one.archived_to.startswith(ON_DISK))


def _wanted(request: Request) -> Wanted | None:
    """Of several parts the first; None where none is asked for, or in no way that is known."""
    asked = request.range
    if asked is None or asked.units != "bytes":
        return None
    start, end = asked.ranges[0]
    return Wanted(start, None if end is None else end - 1)


def _told(error: FetchError, one: Recording) -> NotFound | Elsewhere:
    if error.status in GONE:
        return NotFound(f"Plivo has no such file, or not any more{_copy(one)}")
    return Elsewhere(f"{error}{_copy(one)}")


def _copy(one: Recording) -> str:
    place = f"; a copy is at {shown(one.archived_to)}, which is not read from here"
    return place if one.archived_to else ""
