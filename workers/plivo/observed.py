"""What Plivo answers, made into values: leniently, for the docs and the wire disagree.

Facts of Plivo here: docs/plivo.md 10 (numbers are text, `caller_name` may be percent-encoded) and
7.2 (record may answer without ids).
"""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote

from app.logs import step
from workers.conference.errors import PlivoError
from workers.plivo.responses import Answer, number

log = logging.getLogger("gavel.plivo")

Value = TypeVar("Value")

_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")


@dataclass(frozen=True, slots=True)
class ObservedMember:
    """A member as Plivo's list shows it; absent fields are None. `join_time` is seconds since."""

    member_id: str
    muted: bool | None = None
    deaf: bool | None = None
    from_: str | None = None
    to: str | None = None
    caller_name: str | None = None
    direction: str | None = None
    call_uuid: str | None = None
    join_time: float | None = None

    def data(self) -> dict[str, Any]:
        """As a row of the event `conference.observed`: absent fields are left out."""
        fields = {
            "member_id": self.member_id,
            "muted": self.muted,
            "deaf": self.deaf,
            "from": self.from_,
            "to": self.to,
            "caller_name": self.caller_name,
            "direction": self.direction,
            "call_uuid": self.call_uuid,
            "join_time": self.join_time,
        }
        return {key: value for key, value in fields.items() if value is not None}


@dataclass(frozen=True, slots=True)
class ObservedConference:
    """A conference as Plivo's list shows it; `run_time` is seconds since its start. `partial`:
    some of its members could not be read. `unreadable` names the fields that were left out."""

    name: str
    run_time: float | None
    members: tuple[ObservedMember, ...]
    partial: bool = False
    unreadable: tuple[str, ...] = ()
    request_ids: tuple[str, ...] = ()

    def data(self) -> dict[str, Any]:
        """The data of the event `conference.observed`."""
        found: dict[str, Any] = {"gone": False}
        if self.run_time is not None:
            found["run_time"] = self.run_time
        if self.partial:
            found["partial"] = True
        if self.unreadable:
            found["unreadable"] = list(self.unreadable)
        if self.request_ids:
            found["api_id"] = self.request_ids[0]
        return {**found, "members": [member.data() for member in self.members]}


@dataclass(frozen=True, slots=True)
class Performed:
    """A call was done. `request_ids`: Plivo's `api_id` of each request that told one."""

    request_ids: tuple[str, ...] = ()
    recording_id: None = None
    recording: bool = False
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordingStarted:
    """A recording runs. Both are None after "async api spawned" or when it ran already."""

    recording_id: str | None = None
    url: str | None = None
    already: bool = False
    unreadable: tuple[str, ...] = ()
    request_ids: tuple[str, ...] = ()

    @property
    def recording(self) -> bool:
        return not self.already


def already_recording(error: PlivoError) -> bool:
    """Whether a refused record says that a recording runs already (docs/plivo.md 7.3: not known; no
    call is right to fail because its wish is fulfilled)."""
    return error.status in (400, 409, 422) and "already" in str(error).lower()


def conference_names(answer: Answer) -> list[str]:
    """Raises PlivoError when the answer is no list of names."""
    names = answer.json().get("conferences")
    if not answer.whole or not isinstance(names, list):
        raise _unreadable("the list of conferences", answer)
    read = [_text(name) for name in names]
    if None in read:  # one that is live must not be taken for gone
        raise _unreadable("the list of conferences", answer)
    return [name for name in read if name is not None]


def observed_conference(name: str, answer: Answer) -> ObservedConference:
    """Raises PlivoError when the answer is no conference."""
    fields = answer.json()
    if not answer.whole or "conference_name" not in fields:
        raise _unreadable("a conference", answer)
    reading = _Reading(fields)
    run_time = reading.number("conference_run_time")
    rows = fields.get("members", [])
    listed = rows if isinstance(rows, list) else []
    members = [_member(row, reading) if isinstance(row, dict) else None for row in listed]
    partial = listed is not rows or None in members
    if partial:
        reading.lost.append("members")
    reading.tell(f"the conference {name!r}")
    read = tuple(member for member in members if member is not None)
    lost = tuple(reading.lost)
    return ObservedConference(name, run_time, read, partial, lost, answer.request_ids)


def recording_started(answer: Answer) -> RecordingStarted:
    """Of any answer to record that is no failure; ids are a gift (docs/plivo.md 11.9)."""
    reading = _Reading(answer.json())
    recording_id, url = reading.text("recording_id"), reading.text("url")
    reading.tell("the answer to a record")
    return RecordingStarted(recording_id, url, False, tuple(reading.lost), answer.request_ids)


def _unreadable(what: str, answer: Answer) -> PlivoError:
    return PlivoError(
        f"Plivo's answer ({answer.status}, {len(answer.body)} bytes) is not {what}",
        kind="temporary",
        sent="yes",
        status=answer.status,
    )


class _Reading:
    """The fields of an answer, read leniently: what can not be read is left out, and told."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields = fields
        self.lost: list[str] = []

    def text(self, name: str) -> str | None:
        return self._read(name, _text)

    def number(self, name: str) -> float | None:
        return self._read(name, number)

    def truth(self, name: str) -> bool | None:
        return self._read(name, _truth)

    def tell(self, what: str) -> None:
        """Say in the log which fields were left out, if any."""
        if self.lost:
            names = ", ".join(dict.fromkeys(self.lost))
            step(
                log,
                "left out, for they can not be read",
                level=logging.WARNING,
                of=what,
                fields=names,
            )

    def _read(self, name: str, read: Callable[[Any], Value | None]) -> Value | None:
        value = self.fields.get(name)
        found = read(value)
        if found is None and value not in (None, ""):
            self.lost.append(name)
        return found


def _member(row: Mapping[str, Any], whole: _Reading) -> ObservedMember | None:
    reading = _Reading(row)
    reading.lost = whole.lost
    member_id = reading.text("member_id")
    if member_id is None:
        return None
    caller = reading.text("caller_name")
    return ObservedMember(
        member_id=member_id,
        muted=reading.truth("muted"),
        deaf=reading.truth("deaf"),
        from_=reading.text("from"),
        to=reading.text("to"),
        caller_name=unquote(caller) if caller and _PERCENT.search(caller) else caller,
        direction=reading.text("direction"),
        call_uuid=reading.text("call_uuid"),
        join_time=reading.number("join_time"),
    )


def _text(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def _truth(value: Any) -> bool | None:
    words = {"true": True, "false": False}
    return value if isinstance(value, bool) else words.get(str(value).lower())
