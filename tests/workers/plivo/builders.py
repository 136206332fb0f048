"""Builders with defaults for what the client is given."""

from collections.abc import Sequence
from typing import Any

from app.domain.call import Call
from workers.plivo import PlivoApi, RecordingStarted
from workers.plivo.observed import Performed

AUTH_ID = "MA" + "GAVELTESTACCOUNT00"
AUTH_TOKEN = "a-token-nobody-may-see"
PUBLIC_URL = "https://gavel.example.com"


def call(verb: str = "mute", *members: str, conference: str = "townhall-1", **rest: Any) -> Call:
    """A call of `verb`; `params` and any other field by keyword."""
    fields: dict[str, Any] = {
        "id": "evt-1.0.0",
        "params": {},
        "run": "evt-1.0",
        "rule": "a rule",
        "step": 0,
        "event": "evt-1",
        "at": 1000.0,
        "expires_at": 1060.0,
        "on_error": "stop",
        "uuid": "u-1",
        **rest,
    }
    return Call(verb=verb, conference=conference, members=members, **fields)


class Caller(PlivoApi):
    """The adapter with a method for each verb, so that tests read as what they do."""

    def mute(self, name: str, members: Sequence[str]) -> None:
        self._do("mute", name, members)

    def unmute(self, name: str, members: Sequence[str]) -> None:
        self._do("unmute", name, members)

    def deaf(self, name: str, members: Sequence[str]) -> None:
        self._do("deaf", name, members)

    def undeaf(self, name: str, members: Sequence[str]) -> None:
        self._do("undeaf", name, members)

    def kick(self, name: str, member: str) -> None:
        self._do("kick", name, [member])

    def hang_up(self, name: str) -> None:
        self._do("hang_up", name)

    def hang_up_all(self) -> None:
        self._do("hang_up_all", "any")

    def hang_up_member(self, name: str, member: str) -> None:
        self._do("hang_up_member", name, [member])

    def play(self, name: str, members: Sequence[str], url: str) -> None:
        self._do("play", name, members, url=url)

    def stop_play(self, name: str, members: Sequence[str]) -> None:
        self._do("stop_play", name, members)

    def speak(
        self,
        name: str,
        members: Sequence[str],
        text: str,
        voice: str | None = None,
        language: str | None = None,
    ) -> None:
        self._do("speak", name, members, text=text, voice=voice, language=language)

    def stop_speak(self, name: str, members: Sequence[str]) -> None:
        self._do("stop_speak", name, members)

    def record(
        self, name: str, format: str | None = None, *, transcribe: bool = False
    ) -> RecordingStarted | Performed:
        return self._do("record", name, (), format=format, transcribe=transcribe)

    def stop_recording(self, name: str) -> None:
        self._do("stop_recording", name)

    def _do(
        self, verb: str, name: str, members: Sequence[str] = (), **params: Any
    ) -> RecordingStarted | Performed:
        given = {key: value for key, value in params.items() if value}
        if verb == "speak":
            given["text"] = params["text"]
        return self.perform(call(verb, *members, conference=name, params=given))


def client(url: str, **rest: Any) -> Caller:
    return Caller(url, AUTH_ID, AUTH_TOKEN, public_url=PUBLIC_URL, **rest)
