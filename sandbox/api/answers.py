"""Requests to the Conference API and their answers, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from sandbox.world.members import ANSWERS, Target
from sandbox.world.model import Member, new_uuid
from sandbox.world.switches import Switches


@dataclass(slots=True)
class Request:
    """One call: the names of its path decoded, its parameters; `api_id` is of its answer. `item` is
    the application or number that it is about."""

    conference: str = ""
    member_id: str = ""
    item: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    api_id: str = field(default_factory=new_uuid)


@dataclass(frozen=True, slots=True)
class Result:
    """Status and body; a body beside 204 is what the docs print there. `text` replaces JSON."""

    status: int
    body: dict[str, Any] = field(default_factory=dict)
    text: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def about(switches: Switches, status: int, message: str, target: Target) -> Result:
    """The answer to what was done to members; `member_id` is never spelled out."""
    member_id = ANSWERS[switches.member_id_answer](target.text)
    return Result(status, {"message": message, "member_id": member_id})


def seconds_text(switches: Switches, seconds: float) -> str:
    """Times since the start or the entry, as text."""
    whole = max(int(seconds), 0)
    return str(whole) if switches.numbers == "integer" else f"{whole}.0"


def member_body(switches: Switches, member: Member, now: float) -> dict[str, Any]:
    """A member as Retrieve a Conference shows it."""
    name = member.call.caller_name
    return {
        "muted": member.muted or member.waiting,
        "member_id": member.id,
        "deaf": member.deaf,
        "from": member.call.caller,
        "to": member.call.to,
        "caller_name": quote(name) if switches.caller_name == "encoded" else name,
        "direction": member.call.direction,
        "call_uuid": member.call.uuid,
        "join_time": seconds_text(switches, now - member.joined_at),
    }
