"""Recordings as files: `GET /v1/Account/<auth_id>/Recording/<id>.<format>`."""

from aiohttp import web

from sandbox.api.credentials import are_right
from sandbox.telephony import Telephony
from sandbox.world.errors import NotFound, Unauthenticated
from sandbox.world.model import Recording

TYPES = {"mp3": "audio/mpeg", "wav": "audio/wav"}


class Files:
    """Serves what the studio made; 404 until a file is there."""

    def __init__(self, lines: Telephony) -> None:
        self._lines = lines

    async def recording(self, http: web.Request) -> web.StreamResponse:
        """The file of a finished recording; HTTP Basic only when the switch asks for it."""
        recording_id, _, extension = http.match_info["file"].partition(".")
        recording = self._lines.recorder.recordings.get(recording_id)
        if recording is None or recording.format != extension or not self._is_there(recording):
            raise NotFound("recording not found")
        header = http.headers.get("Authorization", "")
        if self._lines.switches.recording_auth and not are_right(header, self._lines.options):
            raise Unauthenticated
        return await send_bytes(http, self._lines.studio.read(recording), TYPES[extension])

    def _is_there(self, recording: Recording) -> bool:
        available = recording.available_at
        return available is not None and available <= self._lines.clock.now()


async def send_bytes(http: web.Request, content: bytes, content_type: str) -> web.Response:
    """A whole body, or the part that a player asks for (`Range`)."""
    headers = {"Accept-Ranges": "bytes", "Content-Type": content_type}
    try:
        wanted = http.http_range
    except ValueError:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{len(content)}"})
    if wanted.start is None and wanted.stop is None:
        return web.Response(body=content, headers=headers)
    start, stop, _ = wanted.indices(len(content))
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
    return web.Response(status=206, body=content[start:stop], headers=headers)
