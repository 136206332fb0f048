"""What the sandbox knows, as JSON."""

from typing import Any

from sandbox.telephony import Telephony
from sandbox.world.model import Call, Conference, Member, Recording


def state(lines: Telephony) -> dict[str, Any]:
    """Everything that lives now, and the newest of what ended."""
    return {
        "now": lines.clock.now(),
        "conferences": [conference_state(one) for one in lines.exchange.conferences.values()],
        "calls": [call_state(call) for call in lines.calls.values()],
        "ended_calls": [call_state(call) for call in lines.ended_calls],
        "recordings": [recording_state(one) for one in lines.recorder.recordings.values()],
        "numbers": [
            {"number": one.number, "app_id": one.app_id} for one in lines.directory.numbers.values()
        ],
        "faults": [fault.to_json() for fault in lines.faults.faults],
        "requests": lines.requests.last,
        "deliveries": lines.deliveries.last,
        "under_way": lines.post.under_way,
    }


def conference_state(conference: Conference) -> dict[str, Any]:
    return {
        "name": conference.name,
        "uuid": conference.uuid,
        "started_at": conference.started_at,
        "running": conference.running,
        "ends_at": conference.ends_at,
        "recording": conference.recordings[-1].id if conference.recordings else None,
        "floor": conference.floor,
        "members": [member_state(member) for member in conference.members.values()],
        "prompts": [
            {"kind": p.kind, "to": p.target, "ends_at": p.ends_at, "content": p.content}
            for p in conference.prompts
        ],
    }


def member_state(member: Member) -> dict[str, Any]:
    return {
        "id": member.id,
        "call_uuid": member.call.uuid,
        "from": member.call.caller,
        "caller_name": member.call.caller_name,
        "muted": member.muted,
        "deaf": member.deaf,
        "waiting": member.waiting,
        "joined_at": member.joined_at,
    }


def call_state(call: Call) -> dict[str, Any]:
    member = call.member
    return {
        "call_uuid": call.uuid,
        "from": call.caller,
        "to": call.to,
        "caller_name": call.caller_name,
        "direction": call.direction,
        "status": call.status,
        "conference": member.conference.name if member else None,
        "member_id": member.id if member else None,
        "asked": call.keypad is not None,
        "heard": call.heard,
        "hangup_cause": call.cause.name if call.cause and call.ended_at is not None else None,
        "warnings": call.warnings,
    }


def recording_state(recording: Recording) -> dict[str, Any]:
    return {
        "id": recording.id,
        "conference": recording.conference,
        "conference_uuid": recording.conference_uuid,
        "format": recording.format,
        "url": recording.url,
        "started_at": recording.started_at,
        "ended_at": recording.ended_at,
        "duration": recording.duration,
        "available_at": recording.available_at,
        "lost": recording.lost,
        "words": recording.words,
    }
