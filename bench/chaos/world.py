"""Who is in which room at the double of Plivo, whether Gavel was told or not."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Member:
    joined: float
    call_uuid: str
    muted: bool = False


@dataclass(slots=True)
class Room:
    started: float
    members: dict[str, Member] = field(default_factory=dict)


class World:
    """All rooms. A room begins with its first member and ends with its last."""

    def __init__(self) -> None:
        self.rooms: dict[str, Room] = {}

    def enter(self, name: str, member: str, call_uuid: str, at: float | None = None) -> None:
        now = time.time() if at is None else at
        room = self.rooms.setdefault(name, Room(now))
        room.members.setdefault(member, Member(now, call_uuid))

    def exit(self, name: str, member: str) -> None:
        room = self.rooms.get(name)
        if room is not None:
            room.members.pop(member, None)
            if not room.members:
                del self.rooms[name]


def told(name: str, room: Room, now: float) -> Mapping[str, Any]:
    """What a GET of this room answers; numbers are text there, as at Plivo."""
    members = [
        {
            "member_id": id,
            "muted": member.muted,
            "deaf": False,
            "from": "14155550100",
            "to": "14155550199",
            "caller_name": "",
            "direction": "inbound",
            "call_uuid": member.call_uuid,
            "join_time": str(int(now - member.joined)),
        }
        for id, member in room.members.items()
    ]
    return {
        "api_id": "a",
        "conference_name": name,
        "conference_run_time": str(int(now - room.started)),
        "conference_member_count": str(len(members)),
        "members": members,
    }
