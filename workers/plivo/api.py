"""The client of the Conference API: one method for each row of docs/plivo.md 7.2, and `perform`."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from app.domain.call import Call
from workers.conference.errors import PlivoError
from workers.plivo.endpoints import PlannedRequest, is_safe_to_repeat, plan, requests_for
from workers.plivo.observed import (
    ObservedConference,
    RecordingStarted,
    already_recording,
    conference_names,
    member_ids,
    observed_conference,
    recording_started,
)
from workers.plivo.responses import Answer, failure
from workers.plivo.transport import FRESH_SECONDS, Wire

ALL = ("all",)
"""The members of a call that is for everybody."""


class PlivoClient:
    """Plivo's Conference API for one account. Safe for threads; keeps one connection a thread.

    Every method sends its request once and raises PlivoError when it was not done; nothing is
    repeated here, that is for `workers.conference.retry` to decide. `members`: ids, or `ALL`.
    Methods for members return the ids that the answer named.
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
    ) -> None:
        """`url` is PLIVO_API_URL; `public_url` is where Plivo reaches our callbacks (for
        `record`); `timeout` in seconds: to connect, to wait for the answer."""
        self._wire = Wire(url, auth_id, auth_token, timeout, fresh_seconds)
        self._public_url = public_url

    def close(self) -> None:
        self._wire.close()

    def list_conferences(self) -> list[str]:
        """The names of all ongoing conferences of the account."""
        return conference_names(self._one("list_conferences"))

    def get_conference(self, name: str) -> ObservedConference:
        """Who is in it and for how long it runs. PlivoError "gone": there is none."""
        return observed_conference(name, self._one("get_conference", name))

    def hang_up(self, name: str) -> None:
        self._one("hang_up", name)

    def hang_up_all(self) -> None:
        """Hangs up everything in the account."""
        self._one("hang_up_all")

    def hang_up_member(self, name: str, member: str) -> None:
        self._one("hang_up_member", name, (member,))

    def kick(self, name: str, member: str) -> tuple[str, ...]:
        return self._members("kick", name, (member,))

    def mute(self, name: str, members: Sequence[str]) -> tuple[str, ...]:
        return self._members("mute", name, members)

    def unmute(self, name: str, members: Sequence[str]) -> tuple[str, ...]:
        return self._members("unmute", name, members)

    def deaf(self, name: str, members: Sequence[str]) -> tuple[str, ...]:
        return self._members("deaf", name, members)

    def undeaf(self, name: str, members: Sequence[str]) -> tuple[str, ...]:
        return self._members("undeaf", name, members)

    def play(self, name: str, members: Sequence[str], url: str) -> tuple[str, ...]:
        return self._members("play", name, members, {"url": url})

    def stop_play(self, name: str, members: Sequence[str]) -> tuple[str, ...]:
        """`members` in the same form as in `play`: `all` is not stopped by an id."""
        return self._members("stop_play", name, members)

    def speak(
        self,
        name: str,
        members: Sequence[str],
        text: str,
        voice: str | None = None,
        language: str | None = None,
    ) -> tuple[str, ...]:
        params = {"text": text, "voice": voice, "language": language}
        return self._members("speak", name, members, params)

    def stop_speak(self, name: str, members: Sequence[str]) -> tuple[str, ...]:
        """`members` in the same form as in `speak`: `all` is not stopped by an id."""
        return self._members("stop_speak", name, members)

    def record(
        self, name: str, file_format: str | None = None, transcription_type: str | None = None
    ) -> RecordingStarted:
        """Starts a recording that reports to our callbacks; one that runs already is success."""
        params = {"format": file_format, "transcribe": transcription_type is not None}
        return self._record(plan("record", name, (), params, self._public_url)[0])

    def stop_recording(self, name: str) -> None:
        self._one("stop_recording", name)

    def planned(self, call: Call) -> tuple[PlannedRequest, ...]:
        """The requests that `perform` sends for it: as many as it takes from the budget."""
        return requests_for(call, self._public_url)

    def perform(self, call: Call) -> RecordingStarted | None:
        """Does what `call` wants. Kick and hang up of several members go out one by one; one who
        is gone does not keep the others. Raises PlivoError."""
        planned = self.planned(call)
        if call.verb == "record":
            return self._record(planned[0])
        gone: list[PlivoError] = []
        for request in planned:
            try:
                self._send(call.verb, request)
            except PlivoError as error:
                if error.kind != "gone":
                    raise
                gone.append(error)
        if len(gone) == len(planned):
            raise gone[0]
        return None

    def _record(self, planned: PlannedRequest) -> RecordingStarted:
        try:
            return recording_started(self._send("record", planned))
        except PlivoError as error:
            if already_recording(error):
                return RecordingStarted(already=True)
            raise

    def _one(self, verb: str, name: str = "", members: Sequence[str] = ()) -> Answer:
        return self._send(verb, plan(verb, name, members)[0])

    def _members(
        self,
        verb: str,
        name: str,
        members: Sequence[str],
        params: Mapping[str, Any] | None = None,
    ) -> tuple[str, ...]:
        answer = self._send(verb, plan(verb, name, members, params)[0])
        return member_ids(answer.json().get("member_id"))

    def _send(self, verb: str, planned: PlannedRequest) -> Answer:
        answer = self._wire.send(planned, repeatable=is_safe_to_repeat(verb))
        error = failure(f"{planned.method} {planned.path}", answer, datetime.now(UTC))
        if error is not None:
            raise error
        return answer
