"""The 16 operations of the Conference API: what each does and answers (docs/plivo.md 7)."""

from collections.abc import Callable

from sandbox.api import parameters
from sandbox.api.answers import Request, Result, about, member_body, seconds_text
from sandbox.telephony import Telephony
from sandbox.world.errors import Conflict, NotFound
from sandbox.world.members import Target, find_members
from sandbox.world.model import Conference, Member


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
            "conference_run_time": seconds_text(lines.switches, now - conference.started_at),
            "conference_member_count": str(len(shown)),
            "members": [member_body(lines.switches, member, now) for member in shown],
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
    return about(lines.switches, 204, "hangup", target)


def kick(lines: Telephony, request: Request) -> Result:
    target = _target(lines, request, lists=False)
    for member in target.members:
        lines.exchange.leave(member, goes_on=True)
    return about(lines.switches, 202, "kicked", target)


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
    return about(lines.switches, 202, "play queued into conference", target)


def stop_play(lines: Telephony, request: Request) -> Result:
    target = _target(lines, request)
    lines.prompts.stop("play", target)
    return about(lines.switches, 204, "playing in conference stopped", target)


def speak(lines: Telephony, request: Request) -> Result:
    text, voice, language = parameters.speech(request.params, lines.switches)
    target = _target(lines, request)
    lines.prompts.speak(target, text, voice, language)
    return about(lines.switches, 202, "speak queued into conference", target)


def stop_speak(lines: Telephony, request: Request) -> Result:
    target = _target(lines, request)
    lines.prompts.stop("speak", target)
    return about(lines.switches, 204, "speak stopped", target)


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
    return about(lines.switches, status, message, target)


def _hang_up(lines: Telephony, conference: Conference) -> None:
    goes_on = lines.switches.hang_up_conference == "next_element"
    lines.exchange.clear(conference, goes_on=goes_on)
