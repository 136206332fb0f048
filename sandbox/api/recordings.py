"""The Recording API: lists, shows and deletes what was recorded (docs/plivo.md 21)."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.api.account import Operation, page
from sandbox.api.answers import Request, Result
from sandbox.telephony import Telephony
from sandbox.world.errors import BadParameter, NotFound
from sandbox.world.model import Recording
from sandbox.world.options import ZONE

DAY = 86_400.0
WINDOW_DAYS, MOST_DAYS = 7, 30

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d(\.\d{1,6})?)?")
_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "": lambda value, bound: value == bound,
    "__gt": lambda value, bound: value > bound,
    "__gte": lambda value, bound: value >= bound,
    "__lt": lambda value, bound: value < bound,
    "__lte": lambda value, bound: value <= bound,
}
_TEXTS = ("conference_name", "conference_uuid", "call_uuid")
_NOBODY = ("mpc_name", "mpc_uuid", "from_number", "to_number", "subaccount")
"""Filters by what no recording of a conference has here."""

Holds = Callable[[Recording], bool]


def list_recordings(lines: Telephony, request: Request) -> Result:
    """Newest first; what runs, or is not listed yet, is not in it unless a switch says so."""
    wanted = [*_by_text(request.params), *_by_time(lines, request.params)]
    found = [one for one in _listed(lines) if all(holds(one) for holds in wanted)]
    found.sort(key=lambda one: one.started_ms, reverse=True)
    return page(lines, "Recording", [_body(lines, one) for one in found], request.params)


def get_recording(lines: Telephony, request: Request) -> Result:
    return Result(200, _body(lines, _recording(lines, request)))


def delete_recording(lines: Telephony, request: Request) -> Result:
    """For good: its file is gone, too."""
    lines.recorder.forget(_recording(lines, request))
    return Result(204)


RECORDING_OPERATIONS: Mapping[tuple[str, ...], Mapping[str, tuple[str, Operation]]] = {
    ("Recording",): {"GET": ("list_recordings", list_recordings)},
    ("Recording", "I"): {
        "GET": ("get_recording", get_recording),
        "DELETE": ("delete_recording", delete_recording),
    },
}


def about(lines: Telephony, request: Request) -> str:
    """The conference whose recordings are asked for, "" when that is not said."""
    uuid, name = (request.params.get(f"conference_{key}") for key in ("uuid", "name"))
    for one in lines.recorder.recordings.values():
        if request.item == one.id or (uuid and uuid == one.conference_uuid):
            return one.conference
    return str(name or "")


def _listed(lines: Telephony) -> list[Recording]:
    delay = lines.switches.recording_list_delay
    seen = lines.clock.now() - delay
    found = []
    for one in lines.recorder.recordings.values():
        if one.ended_at is None:
            if lines.switches.list_running_recordings:
                found.append(one)
        elif not one.lost and one.available_at is not None and one.ended_at <= seen:
            found.append(one)
    return found


def _recording(lines: Telephony, request: Request) -> Recording:
    found = next((one for one in _listed(lines) if one.id == request.item), None)
    if found is None:
        raise NotFound("recording not found")
    return found


def _by_text(params: Mapping[str, Any]) -> list[Holds]:
    filters: list[Holds] = []
    for name in _TEXTS:
        if value := params.get(name):
            attribute = "conference" if name == "conference_name" else name
            filters.append(_equals(attribute, value))
    if any(params.get(name) for name in _NOBODY):
        filters.append(lambda one: False)
    return filters


def _by_time(lines: Telephony, params: Mapping[str, Any]) -> list[Holds]:
    """A range of `add_time`, the last 7 days when none is given, never more than 30 days."""
    now = lines.clock.epoch()
    added = {
        sign: _moment(params, f"add_time{sign}") for sign in _SIGNS if params.get(f"add_time{sign}")
    }
    days = {
        sign: _days(params, f"recording_storage_duration{sign}")
        for sign in _SIGNS
        if params.get(f"recording_storage_duration{sign}")
    }
    if days and added:
        raise BadParameter("recording_storage_duration and add_time exclude each other")
    if days:
        return [
            _bounded(sign, lambda one: _stored(one, now), bound) for sign, bound in days.items()
        ]
    if not added:
        added = {"__gte": now - WINDOW_DAYS * DAY}
    exact = added.get("")
    least = exact or max([added[s] for s in ("__gt", "__gte") if s in added], default=-math.inf)
    most = exact or min([added[s] for s in ("__lt", "__lte") if s in added], default=now)
    if most - least > MOST_DAYS * DAY:
        raise BadParameter(f"the range of add_time is longer than {MOST_DAYS} days")
    return [_bounded(sign, _added, bound) for sign, bound in added.items()]


def _equals(attribute: str, value: object) -> Holds:
    return lambda one: bool(getattr(one, attribute) == value)


def _bounded(sign: str, of: Callable[[Recording], float], bound: float) -> Holds:
    return lambda one: _SIGNS[sign](of(one), bound)


def _moment(params: Mapping[str, Any], name: str) -> float:
    text = str(params[name])
    if not _MOMENT.fullmatch(text):
        raise BadParameter(f"{name} parameter is invalid: YYYY-MM-DD HH:MM:SS, in UTC")
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise BadParameter(f"{name} parameter is invalid: no such time") from None


def _days(params: Mapping[str, Any], name: str) -> float:
    if not str(params[name]).isdecimal():
        raise BadParameter(f"{name} parameter is invalid: a number of days")
    return float(params[name])


def _added(one: Recording) -> float:
    """When it was added: at its end."""
    return (one.ended_ms or one.started_ms) / 1000


def _stored(one: Recording, now: float) -> float:
    return max(1, math.ceil((now - _added(one)) / DAY))


def _body(lines: Telephony, one: Recording) -> dict[str, Any]:
    """As Plivo tells it: text with decimals, numbers and text where its fixtures have such. Not
    told: the instance of the conference (21.4)."""
    days = _stored(one, lines.clock.epoch())
    minutes = math.ceil(one.duration / 60)
    return {
        "add_time": datetime.fromtimestamp(_added(one), ZONE).isoformat(" ", "microseconds"),
        "call_uuid": one.call_uuid,
        "conference_name": one.conference,
        "from_number": "",
        "monthly_recording_storage_amount": round(0.0004 * minutes, 5),
        "recording_duration_ms": f"{round(one.duration * 1000):.5f}",
        "recording_end_ms": f"{one.ended_ms:.5f}",
        "recording_format": one.format,
        "recording_id": one.id,
        "recording_start_ms": f"{one.started_ms:.5f}",
        "recording_storage_duration": days,
        "recording_storage_rate": 0.0004,
        "recording_type": "conference",
        "recording_url": one.url,
        "resource_uri": f"/v1/Account/{lines.options.auth_id}/Recording/{one.id}/",
        "rounded_recording_duration": 60 * minutes,
        "to_number": "",
    }
