"""Plivo's Conference API: the adapter behind the port `workers.conference.api`."""

import time
from collections.abc import Callable, Sequence

from app.domain.call import Call
from app.domain.recording import Sought
from workers.conference.api import FoundRecording
from workers.conference.errors import PlivoError
from workers.plivo import recordings
from workers.plivo.endpoints import ApiRequest, build, build_requests, is_safe_to_repeat
from workers.plivo.observed import (
    ObservedConference,
    Performed,
    RecordingStarted,
    already_recording,
    conference_names,
    observed_conference,
    recording_started,
)
from workers.plivo.responses import Answer, failure
from workers.plivo.transport import FRESH_SECONDS, Transport

Counted = Callable[[str, int | None, float], None]
"""Told of each request: its verb, the HTTP status (None without an answer), the seconds."""

ALL = ("all",)
"""The members of a call that is for everybody."""


class PlivoApi:
    """Plivo's Conference API for one account. Safe for threads.

    Every method sends its request once and raises PlivoError when it was not done; nothing is
    repeated here, that is for `workers.conference.retry` to decide.
    """

    def __init__(
        self,
        url: str,
        auth_id: str,
        auth_token: str,
        *,
        public_url: str = "",
        timeout: tuple[float, float] = (3.05, 10.0),
        fresh_seconds: float = FRESH_SECONDS,
        counted: Counted | None = None,
    ) -> None:
        """`url` is PLIVO_API_URL; `public_url` is where Plivo reaches our callbacks (for
        `record`); `timeout` in seconds: to connect, to wait for the answer."""
        self._transport = Transport(url, auth_id, auth_token, timeout, fresh_seconds)
        self._public_url = public_url
        self._counted = counted

    def close(self) -> None:
        self._transport.close()

    def list_conferences(self) -> list[str]:
        """The names of all ongoing conferences of the account."""
        return conference_names(self._read("list_conferences"))

    def get_conference(self, name: str) -> ObservedConference:
        """Who is in it and for how long it runs. PlivoError "gone": there is none."""
        return observed_conference(name, self._read("get_conference", name))

    def find_recordings(self, sought: Sought, now: float) -> list[FoundRecording]:
        """What the Recording API lists of that instance of a conference; `now` is in seconds since
        the epoch."""
        return recordings.find_recordings(
            sought, lambda request: self._send("find_recordings", request), now
        )

    def delete_recording(self, recording_id: str) -> Sequence[str]:
        """Delete its file, for good; by what the request is known. One that is not there is
        deleted."""
        try:
            return self._send("delete_recording", recordings.deletion(recording_id)).request_ids
        except PlivoError as error:
            if error.kind != "gone":
                raise
            return error.request_ids

    def perform(self, call: Call) -> RecordingStarted | Performed:
        """Do what `call` wants. Kick and hang up of several members go out one by one; one who
        is gone does not keep the others. Raises PlivoError, with the ids of all requests."""
        requests = build_requests(call, self._public_url)
        if call.verb == "record":
            return self._record(requests[0])
        gone: list[PlivoError] = []
        ids: tuple[str, ...] = ()
        for request in requests:
            try:
                ids += self._send(call.verb, request).request_ids
            except PlivoError as error:
                ids = error.request_ids = ids + error.request_ids
                if error.kind != "gone":
                    raise
                gone.append(error)
        if len(gone) == len(requests):
            raise gone[-1]
        return Performed(ids)

    def _record(self, request: ApiRequest) -> RecordingStarted:
        try:
            return recording_started(self._send("record", request))
        except PlivoError as error:
            if already_recording(error):
                return RecordingStarted(already=True, request_ids=error.request_ids)
            raise

    def _read(self, verb: str, name: str = "") -> Answer:
        return self._send(verb, build(verb, name)[0])

    def _send(self, verb: str, request: ApiRequest) -> Answer:
        answer, began = None, time.perf_counter()
        try:
            answer = self._transport.send(request, repeatable=is_safe_to_repeat(verb))
        finally:
            if self._counted is not None:
                status = answer.status if answer is not None else None
                self._counted(verb, status, time.perf_counter() - began)
        error = failure(f"{request.method} {request.path}", answer)
        if error is not None:
            raise error
        return answer
