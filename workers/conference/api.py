"""The port to the telephony side: what the workers ask of it, whoever it is.

`workers/plivo` implements it for Plivo's Conference API. Another provider, or Plivo's Multiparty
Call API, is a folder beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.domain.call import Call
from app.domain.recording import Sought


class Answer(Protocol):
    """What an answered call says beside that it was done."""

    @property
    def recording(self) -> bool:
        """Whether the call began a recording; one that ran already it did not begin."""

    @property
    def recording_id(self) -> str | None:
        """The id of the recording that the call began, when the answer told it."""

    @property
    def unreadable(self) -> Sequence[str]:
        """Fields of the answer that could not be read."""

    @property
    def request_ids(self) -> Sequence[str]:
        """By what the provider knows the requests of this call: its support asks for it."""


class Observed(Protocol):
    """One conference as the provider lists it now."""

    def data(self) -> Mapping[str, Any]:
        """The data of an event `conference.observed`."""


@dataclass(frozen=True, slots=True)
class FoundRecording:
    """A recording that the provider has. Times in seconds since the epoch, `duration` in seconds;
    None for what it does not tell. `finished`: its file is there."""

    id: str
    url: str
    format: str
    finished: bool
    duration: float | None = None
    started_at: float | None = None
    ended_at: float | None = None


class ConferenceApi(Protocol):
    """Every method asks once, repeats nothing, and raises `CallError` when it was not done; the
    adapter says whether a failure is temporary and whether the request can have had an effect."""

    def perform(self, call: Call) -> Answer | None:
        """Make one call."""

    def list_conferences(self) -> Sequence[str]:
        """The names of all live conferences."""

    def get_conference(self, name: str) -> Observed:
        """Who is in a conference now. `CallError` of kind "gone": it is not live."""

    def find_recordings(self, sought: Sought, now: float) -> Sequence[FoundRecording]:
        """Those of that instance of a conference."""
