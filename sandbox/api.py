"""The Conference API: its 16 operations (contract, section 7.2) as one table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from sandbox import parameters
from sandbox.errors import Conflict, NotFound
from sandbox.members import ANSWERS, Target, find_members
from sandbox.model import Conference, Member, new_uuid
from sandbox.telephony import Telephony


@dataclass(slots=True)
class Request:
    """One call: the names of its path decoded, its parameters; `api_id` is of its answer."""

    conference: str = ""
    member_id: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    api_id: str = field(default_factory=new_uuid)


@dataclass(frozen=True, slots=True)
class Result:
    """Status and body; a body beside 204 is what the docs print there. `text` replaces JSON."""

    status: int
    body: dict[str, Any] = field(default_factory=dict)
    text: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def list_conferences(lines: Telephony, request: Request) -> Result:
    names = [conference.name for conference in lines.exchange.conferences.values()]
    return Result(200, {"conferences": names})


def get_conference(lines: Telephony, request: Request) -> Result:
    conference = _conference(lines, request)
    shown = [
        member
        for member in conference.members.values()
        if lines.switches.list_waiting or not member.waiting
    ]
    now = lines.clock.now()
    return Result(
        200,
        {
            "conference_name": conference.name,
            "conference_run_time": _seconds(lines, now - conference.started_at),
            "conference_member_count": str(len(shown)),
            "members": [_member(lines, member, now) for member in shown],
        },
    )


def hang_up_all(lines: Telephony, request: Request) -> Result:
    for conference in list(lines.exchange.conferences.values()):
        _hang_up(lines, conference)
    return Result(204, {"message": "all conferences hung up"})


def hang_up(lines: Telephony, request: Request) -> Result:
    _hang_up(lines, _conference(lines, request))
    return Result(204, {"message": "conference hung up"})


def hang_up_member(lines: Telephony, request: Request) -> Result:
    target = _target(lines, request, lists=False)
    for member in target.members:
        lines.exchange.leave(member, goes_on=False)
    return _about(lines, 204, "hangup", target)


def kick(lines: Telephony, request: Request) -> Result:
    target = _target(lines, request, lists=False)
    for member in target.members:
        lines.exchange.leave(member, goes_on=True)
    return _about(lines, 202, "kicked", target)


def mute(lines: Telephony, request: Request) -> Result:
    return _set(lines, request, "muted", 202, lambda member: lines.exchange.mute(member, on=True))


def unmute(lines: Telephony, request: Request) -> Result:
    return _set(
        lines, request, "unmuted", 204, lambda member: lines.exchange.mute(member, on=False)
    )


def deaf(lines: Telephony, request: Request) -> Result:
    return _set(lines, request, "deaf", 202, lambda member: lines.exchange.deafen(member, on=True))


def undeaf(lines: Telephony, request: Request) -> Result:
    return _set(
        lines, request, "undeaf", 204, lambda member: lines.exchange.deafen(member, on=False)
    )


def play(lines: Telephony, request: Request) -> Result:
    address = parameters.sound_url(request.params)
    target = _target(lines, request)
    lines.prompts.play(target, address)
    return _about(lines, 202, "play queued into conference", target)


def stop_play(lines: Telephony, request: Request) -> Result:
    target = _target(lines, request)
    lines.prompts.stop("play", target)
    return _about(lines, 204, "playing in conference stopped", target)


def speak(lines: Telephony, request: Request) -> Result:
    text, voice, language = parameters.speech(request.params, lines.switches)
    target = _target(lines, request)
    lines.prompts.speak(target, text, voice, language)
    return _about(lines, 202, "speak queued into conference", target)


def stop_speak(lines: Telephony, request: Request) -> Result:
    target = _target(lines, request)
    lines.prompts.stop("speak", target)
    return _about(lines, 204, "speak stopped", target)


def record(lines: Telephony, request: Request) -> Result:
    params = request.params
    file_format = parameters.one_of(params, "file_format", ("mp3", "wav"), "mp3")
    kinds = ("auto", "hybrid")
    transcription_type = parameters.one_of(params, "transcription_type", kinds, "")
    transcription_url = parameters.url(params, "transcription_url")
    method = parameters.one_of(params, "transcription_method", ("GET", "POST"), "POST")
    callback_url = parameters.url(params, "callback_url")
    callback_method = parameters.one_of(params, "callback_method", ("GET", "POST"), "POST")
    conference = _conference(lines, request)
    running = lines.recording_of(conference)
    if running is not None and lines.switches.second_record == "conflict":
        raise Conflict("conference is already being recorded")
    if running is None or lines.switches.second_record == "new":
        running = lines.new_recording(conference, file_format, "api")
        running.api_id = request.api_id
        running.transcription_type = transcription_type
        running.transcription_url = transcription_url
        running.transcription_method = method
        running.callback_url, running.callback_method = callback_url, callback_method
        lines.recorder.start(conference, running)
    return Result(
        202,
        {
            "message": "conference recording started",
            "recording_id": running.id,
            "url": running.url,
        },
    )


def stop_record(lines: Telephony, request: Request) -> Result:
    conference = _conference(lines, request)
    if not conference.recordings:
        raise NotFound("recording not found")
    lines.recorder.stop(conference)
    return Result(204, {"message": "conference recording stopped"})


Operation = Callable[[Telephony, Request], Result]

# Path after …/Conference/, as a shape: N a name, M a member id.
OPERATIONS: Mapping[tuple[str, ...], Mapping[str, tuple[str, Operation]]] = {
    (): {
        "GET": ("list_conferences", list_conferences),
        "DELETE": ("hang_up_all", hang_up_all),
    },
    ("N",): {"GET": ("get_conference", get_conference), "DELETE": ("hang_up", hang_up)},
    ("N", "Member", "M"): {"DELETE": ("hang_up_member", hang_up_member)},
    ("N", "Member", "M", "Kick"): {"POST": ("kick", kick)},
    ("N", "Member", "M", "Mute"): {"POST": ("mute", mute), "DELETE": ("unmute", unmute)},
    ("N", "Member", "M", "Deaf"): {"POST": ("deaf", deaf), "DELETE": ("undeaf", undeaf)},
    ("N", "Member", "M", "Play"): {"POST": ("play", play), "DELETE": ("stop_play", stop_play)},
    ("N", "Member", "M", "Speak"): {
        "POST": ("speak", speak),
        "DELETE": ("stop_speak", stop_speak),
    },
    ("N", "Record"): {"POST": ("record", record), "DELETE": ("stop_record", stop_record)},
}


def shape_of(parts: list[str]) -> tuple[tuple[str, ...], str, str]:
    """The shape of a decoded path, its conference and its member id."""
    shape = list(parts)
    name = member = ""
    if shape:
        name, shape[0] = shape[0], "N"
    if len(shape) > 2 and shape[1] == "Member":
        member, shape[2] = shape[2], "M"
    return tuple(shape), name, member


def _conference(lines: Telephony, request: Request) -> Conference:
    conference = lines.exchange.find(request.conference)
    if conference is None:
        raise NotFound("conference not found")
    return conference


def _target(lines: Telephony, request: Request, *, lists: bool = True) -> Target:
    conference = _conference(lines, request)
    return find_members(conference, request.member_id, lines.switches, lists=lists)


def _set(
    lines: Telephony, request: Request, message: str, status: int, change: Callable[[Member], None]
) -> Result:
    target = _target(lines, request)
    for member in target.members:
        change(member)
    return _about(lines, status, message, target)


def _about(lines: Telephony, status: int, message: str, target: Target) -> Result:
    member_id = ANSWERS[lines.switches.member_id_answer](target.text)
    return Result(status, {"message": message, "member_id": member_id})


def _hang_up(lines: Telephony, conference: Conference) -> None:
    goes_on = lines.switches.hang_up_conference == "next_element"
    lines.exchange.clear(conference, goes_on=goes_on)


def _seconds(lines: Telephony, seconds: float) -> str:
    whole = max(int(seconds), 0)
    return str(whole) if lines.switches.numbers == "integer" else f"{whole}.0"


def _member(lines: Telephony, member: Member, now: float) -> dict[str, Any]:
    name = member.call.caller_name
    return {
        "muted": member.muted or member.waiting,
        "member_id": member.id,
        "deaf": member.deaf,
        "from": member.call.caller,
        "to": member.call.to,
        "caller_name": quote(name) if lines.switches.caller_name == "encoded" else name,
        "direction": member.call.direction,
        "call_uuid": member.call.uuid,
        "join_time": _seconds(lines, now - member.joined_at),
    }
