"""The fields of what Plivo sends to a service, by event and profile (docs/plivo.md 2.1)."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime

from sandbox.world.model import Call, Conference, Member, Recording
from sandbox.world.options import ZONE
from sandbox.world.switches import Switches

BILL_RATE = "0.003"
"""Of a minute."""
EVENTS: Mapping[str, str] = {
    "enter": "ConferenceEnter",
    "exit": "ConferenceExit",
    "digits": "ConferenceDigitsMatch",
    "floor": "",  # never seen, so never sent
    "record": "",  # ConferenceRecordStart or ConferenceRecordStop
    "waitSound": "ConferenceRemoteSounds",
}


def call_fields(call: Call) -> dict[str, str]:
    """What is sent of the call itself, to answer URLs, actions and sounds."""
    return {
        "CallUUID": call.uuid,
        "From": call.caller,
        "To": call.to,
        "CallStatus": call.status,
        "Direction": call.direction,
    }


def rich_fields(call: Call) -> dict[str, str]:
    """The call with all that was seen beside the documented fields."""
    return {
        **call_fields(call),
        "CallerName": call.caller_name,
        "BillRate": BILL_RATE,
        "RequestUUID": call.uuid,
        "ALegUUID": call.uuid,
        "ALegRequestUUID": call.uuid,
        "ParentAuthID": call.account,
        "SessionStart": f"{datetime.fromtimestamp(call.began_at, UTC):%Y-%m-%d %H:%M:%S.%f}",
        **call.headers,
    }


def end_fields(call: Call, now: float) -> dict[str, str]:
    """The request to the hang-up URL: why the call ended, how long it was and what it cost."""
    seconds = 0 if call.answered_at is None else max(int(now - call.answered_at), 1)
    minutes = math.ceil(seconds / 60)
    return {
        **rich_fields(call),
        "Event": "Hangup",
        "StartTime": _local(call.began_at),
        "AnswerTime": "" if call.answered_at is None else _local(call.answered_at),
        "EndTime": _local(now),
        "Duration": str(seconds),
        "BillDuration": str(60 * minutes),
        "TotalCost": f"{float(BILL_RATE) * minutes:.5f}",
        **(call.cause.fields() if call.cause else {}),
    }


def _local(instant: float) -> str:
    """In the account's zone, without saying so (docs/plivo.md 23.1)."""
    return f"{datetime.fromtimestamp(instant, ZONE):%Y-%m-%d %H:%M:%S}"


def member_fields(
    member: Member,
    action: str,
    switches: Switches,
    extra: Mapping[str, str],
    recording: Recording | None,
) -> dict[str, str]:
    """A callback about one member: enter, exit, digits or floor."""
    conference = member.conference
    fields = {
        "ConferenceAction": action,
        "ConferenceName": conference.name,
        "ConferenceUUID": conference.uuid,
        "ConferenceMemberID": member.id,
        "CallUUID": member.call.uuid,
        **{key: value for key, value in extra.items() if key == "ConferenceDigitsMatch"},
    }
    if switches.profile == "documented":
        return fields
    fields |= extra
    if EVENTS[action]:
        fields["Event"] = EVENTS[action]
    if switches.profile == "minimal_exit" and action == "exit":
        return fields
    if recording is not None and action == "enter":
        fields |= {"RecordUrl": recording.url, "RecordingID": recording.id}
    return {**rich_fields(member.call), **fields}


def action_fields(
    member: Member, recording: Recording | None, switches: Switches
) -> dict[str, str]:
    """The request to the element's `action` after its member left (docs/plivo.md 2.3)."""
    call = (
        call_fields(member.call) if switches.profile == "documented" else rich_fields(member.call)
    )
    fields = {
        **call,
        "ConferenceName": member.conference.name,
        "ConferenceUUID": member.conference.uuid,
        "ConferenceMemberID": member.id,
    }
    if recording is not None:
        fields |= {"RecordUrl": recording.url, "RecordingID": recording.id}
    return fields


def sound_fields(call: Call, conference: Conference) -> dict[str, str]:
    """The request for a sound; ids are empty, as seen for waitSound (docs/plivo.md 2.4)."""
    return {
        **rich_fields(call),
        "ConferenceAction": "waitSound",
        "Event": EVENTS["waitSound"],
        "ConferenceName": conference.name,
        "ConferenceUUID": "",
        "ConferenceMemberID": "",
    }


def record_fields(recording: Recording, switches: Switches, *, stopped: bool) -> dict[str, str]:
    """The `record` callback to callbackUrl: at the start, and with durations at the stop."""
    fields = {
        "ConferenceAction": "record",
        "ConferenceName": recording.conference,
        "ConferenceUUID": recording.conference_uuid,
        "RecordUrl": recording.url,
        "RecordingID": recording.id,
    }
    if switches.profile != "documented":
        fields["Event"] = "ConferenceRecordStop" if stopped else "ConferenceRecordStart"
    if switches.record_event_call_uuid != "absent":
        present = switches.record_event_call_uuid == "present"
        fields["CallUUID"] = recording.call_uuid if present else ""
    if stopped:
        if switches.record_event_url == "RecordFile":
            fields["RecordFile"] = fields.pop("RecordUrl")
        return fields | {
            "RecordingDuration": str(int(recording.duration)),
            "RecordingDurationMs": str(round(recording.duration * 1000)),
            "RecordingStartMs": str(recording.started_ms),
            "RecordingEndMs": str(recording.ended_ms),
        }
    unfinished = {"zero": "0", "minus_one": "-1"}.get(switches.record_event_duration)
    return fields | ({"RecordingDuration": unfinished} if unfinished else {})
