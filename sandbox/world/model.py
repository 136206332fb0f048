"""The state of the local Plivo: calls, members, conferences, prompts, recordings."""

import asyncio
import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sandbox.world.causes import Cause
from sandbox.world.clock import Timer
from sandbox.world.digits import DigitMatcher
from sandbox.world.elements import ConferenceElement
from sandbox.world.timeline import Clip, Timeline


class Keypad(Protocol):
    """Where keys go that are pressed while digits are asked for."""

    def press(self, digits: str) -> None: ...


def new_uuid() -> str:
    """A fresh identity, as Plivo gives calls, conferences and answers."""
    return str(uuid.uuid4())


@dataclass(slots=True, eq=False)
class Call:
    """One telephone call. `account` is whose it is, `began_at` epoch seconds as the service is told
    them; `left` is set while it is in a conference: how it goes on from there. `hangup_url` is told
    of its end, and `fallback_url` asked when the answer URL gives nothing of use, where the number
    that was called has an application. `keypad` is there while digits
    are asked for outside of a conference; `heard` are the texts and sounds it was played there,
    `timeline` keeps their sound, and `stays` that of the conferences it was in, with its id there.
    `came_at` and `ended_at` are the sandbox's time, `cause` is why it ended; `answered_at` is None
    until an element answers it, then epoch seconds as the service is told them.
    """

    uuid: str
    caller: str
    to: str
    caller_name: str = ""
    direction: str = "inbound"
    status: str = "ringing"
    account: str = ""
    began_at: float = 0.0
    answered_at: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    tone: float = 0.0
    hangup_url: str = ""
    hangup_method: str = "POST"
    fallback_url: str = ""
    fallback_method: str = "POST"
    member: "Member | None" = None
    left: "asyncio.Future[bool] | None" = None
    task: "asyncio.Task[None] | None" = None
    keypad: "Keypad | None" = None
    heard: list[str] = field(default_factory=list)
    came_at: float = 0.0
    ended_at: float | None = None
    cause: Cause | None = None
    timeline: Timeline | None = None
    stays: list[tuple[Timeline, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Member:
    """A call in a conference. `waiting`: held until someone starts the conference."""

    id: str
    call: Call
    conference: "Conference"
    element: ConferenceElement
    joined_at: float
    muted: bool = False
    deaf: bool = False
    waiting: bool = False
    digits: DigitMatcher = field(default_factory=DigitMatcher)

    @property
    def may_speak(self) -> bool:
        """Whether the others hear this member now."""
        return not (self.muted or self.waiting)


@dataclass(slots=True, eq=False)
class Recording:
    """One recording of one conference; who wants to hear of it, and what was said in it. `lost`:
    it came to nothing, and nobody is told."""

    id: str
    conference: str
    conference_uuid: str
    format: str
    started_at: float
    url: str
    origin: str  # "xml" or "api"
    api_id: str = ""
    callback_url: str = ""
    callback_method: str = "POST"
    transcription_type: str = ""
    transcription_url: str = ""
    transcription_method: str = "POST"
    call_uuid: str = ""
    said: "list[str | Prompt]" = field(default_factory=list)
    ended_at: float | None = None
    started_ms: int = 0
    ended_ms: int = 0
    duration: float = 0.0
    available_at: float | None = None
    lost: bool = False

    @property
    def words(self) -> list[str]:
        """What was said in it, in order; not the prompts that it ended before."""
        end = math.inf if self.ended_at is None else self.ended_at
        return [
            one if isinstance(one, str) else one.content
            for one in self.said
            if isinstance(one, str) or one.begins_at < end
        ]


@dataclass(slots=True, eq=False)
class Prompt:
    """A text or file on its way to members, in the form that was asked for (`all`, `10,11`)."""

    kind: str  # "speak" or "play"
    target: str
    members: tuple[str, ...]
    content: str
    asked_at: float
    seconds: float
    begins_at: float = math.inf
    ends_at: float = math.inf
    clip: Clip | None = None


@dataclass(slots=True, eq=False)
class Conference:
    """One instance of a conference; its name can be used again, its uuid never.

    `heard_until`: when each member has heard the prompts that are over; `busy_until`: and those
    that are to come.
    """

    name: str
    uuid: str
    started_at: float
    members: dict[str, Member] = field(default_factory=dict)
    running: bool = False
    floor: str = ""
    recordings: list[Recording] = field(default_factory=list)
    last_recording: Recording | None = None
    prompts: list[Prompt] = field(default_factory=list)
    heard_until: dict[str, float] = field(default_factory=dict)
    busy_until: dict[str, float] = field(default_factory=dict)
    last_id: int = 0
    closing: bool = False
    ends_at: float = 0.0
    limit: Timer | None = None
    timeline: Timeline | None = None
