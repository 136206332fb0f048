"""Plivo's Recording API: which recordings it has of an instance of a conference.

Facts of Plivo here: docs/plivo.md 21. A list without a range hides what is older than 7 days, and
one over 30 days is refused; `conference_uuid` filters and does not come back; numbers are text.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from app.domain.recording import Sought
from workers.conference.api import FoundRecording
from workers.conference.errors import PlivoError
from workers.plivo.endpoints import ApiRequest
from workers.plivo.responses import Answer, number

PAGE = 20
MOST_PAGES = 10
"""Of one instance of a conference; more than that nobody records."""

AROUND = 3600.0
"""Seconds by which clocks may differ, and that a file may be added before or after."""

LONGEST = 30 * 86400.0 - 2
CLOCKS_DIFFER = 5.0

Send = Callable[[ApiRequest], Answer]


def find_recordings(sought: Sought, send: Send, now: float) -> list[FoundRecording]:
    """`now` is in seconds since the epoch. Raises PlivoError, also when an answer is no list."""
    until = now + AROUND
    since = max(sought.started_at - AROUND, until - LONGEST)
    by = {"conference_uuid": sought.uuid} if sought.uuid else {"conference_name": sought.conference}
    asked = {**by, "add_time__gte": _moment(since), "add_time__lte": _moment(until)}
    rows = (row for row in _rows(asked, send) if _is_of_a_conference(row))
    found = [one for row in rows if (one := _recording(row)) is not None]
    return found if sought.uuid else [one for one in found if _is_within(one, sought)]


def deletion(recording_id: str) -> ApiRequest:
    """Raises PlivoError for an id that would make it another address."""
    if recording_id in ("", ".", ".."):
        raise PlivoError(f"{recording_id!r} is no recording", kind="permanent", sent="no")
    return ApiRequest("DELETE", f"/Recording/{quote(recording_id, safe='')}/")


def _rows(asked: Mapping[str, str], send: Send) -> Iterator[Mapping[str, Any]]:
    """Page by page. Whether `next` keeps the filters is not known, so it is not followed."""
    for page in range(MOST_PAGES):
        query = urlencode({**asked, "limit": PAGE, "offset": page * PAGE})
        answer = send(ApiRequest("GET", f"/Recording/?{query}"))
        rows = answer.json().get("objects")
        if not answer.whole or not isinstance(rows, list):
            raise PlivoError(
                f"Plivo's answer ({answer.status}) is not a list of recordings",
                kind="temporary",
                sent="yes",
                status=answer.status,
            )
        yield from (row for row in rows if isinstance(row, dict))
        if len(rows) < PAGE:
            return


def _is_of_a_conference(row: Mapping[str, Any]) -> bool:
    """A call that was recorded beside it is another recording (21.4, 22.6)."""
    return row.get("recording_type") in (None, "", "conference")


def _recording(row: Mapping[str, Any]) -> FoundRecording | None:
    id, url = row.get("recording_id"), row.get("recording_url")
    if not (isinstance(id, str) and id):
        return None
    length = _seconds(row.get("recording_duration_ms"))
    format = row.get("recording_format")
    return FoundRecording(
        id=id,
        url=url if isinstance(url, str) else "",
        format=format if format in ("mp3", "wav") else "mp3",
        finished=bool(url) and (length or 0) > 0,
        duration=length,
        started_at=_seconds(row.get("recording_start_ms")),
        ended_at=_seconds(row.get("recording_end_ms")),
    )


def _is_within(one: FoundRecording, sought: Sought) -> bool:
    """Did it begin within the time of that instance?"""
    first, last = sought.started_at - CLOCKS_DIFFER, sought.ended_at + CLOCKS_DIFFER
    return one.started_at is not None and first <= one.started_at <= last


def _seconds(milliseconds: Any) -> float | None:
    value = number(milliseconds)
    return value / 1000 if value is not None and value > 0 else None


def _moment(at: float) -> str:
    """In UTC, without saying so (21.2)."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
