"""The official package lists, shows and deletes recordings (docs/plivo.md 21)."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import plivo
import pytest
import requests
from plivo.exceptions import ResourceNotFoundError, ValidationError

from sandbox.embedded import Sandbox
from tests.sandbox.conftest import Api
from tests.sandbox.service import Service
from tests.waiting import PATIENCE, until

Room = Callable[..., str]
DAY = 86_400.0


@pytest.fixture
def client(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("", "_FALLBACK_1", "_FALLBACK_2"):
        constant = f"plivo.rest.client.API_VOICE_BASE_URI{name}"
        monkeypatch.setattr(constant, f"{sandbox.url}/v1/Account")
    with plivo.RestClient(sandbox.options.auth_id, sandbox.options.auth_token) as client:
        yield client


@pytest.fixture
def recorded(api: Api, room: Room, sandbox: Sandbox) -> Callable[..., str]:
    """Records a conference for so long; the id."""

    def record(name: str = "room", seconds: float = 65, **wanted: Any) -> str:
        call = room(name)
        recording_id = str(api("POST", f"{name}/Record/", **wanted).json()["recording_id"])
        sandbox.clock(advance=seconds)
        api("DELETE", f"{name}/Record/")
        sandbox.hang_up(call)
        until(lambda: recording_of(sandbox, recording_id)["available_at"], "its file is there")
        return recording_id

    return record


def recording_of(sandbox: Sandbox, id: str) -> dict[str, Any]:
    return next(one for one in sandbox.state()["recordings"] if one["id"] == id)


def ids(listed: Any) -> list[str]:
    return [one.recording_id for one in listed]


def at(sandbox: Sandbox, days: float = 0.0) -> datetime:
    """The sandbox's time and so many days, as the package wants it: in UTC, without saying so."""
    now = datetime.fromtimestamp(sandbox.state()["now"], UTC).replace(tzinfo=None)
    return now + timedelta(days=days)


def test_a_recording_is_shown_with_the_types_of_its_fields(client: Any, recorded: Any) -> None:
    id = recorded(file_format="wav")
    shown = client.recordings.get(id)
    assert (shown.recording_id, shown.conference_name, shown.recording_type) == (
        *(id, "room", "conference"),
    )
    assert (shown.recording_format, shown.recording_url.endswith(f"{id}.wav")) == ("wav", True)
    assert float(shown.recording_duration_ms) >= 65_000
    assert "." in shown.recording_duration_ms
    length = float(shown.recording_end_ms) - float(shown.recording_start_ms)
    assert length == float(shown.recording_duration_ms)
    assert shown.rounded_recording_duration == 120
    assert shown.add_time.endswith("+05:30")
    assert not hasattr(shown, "conference_uuid")


def test_they_are_found_by_conference_and_instance(
    client: Any, recorded: Any, sandbox: Sandbox
) -> None:
    first, second, other = recorded(), recorded(), recorded("other")
    assert ids(client.recordings.list(conference_name="room")) == [second, first]
    uuid = recording_of(sandbox, first)["conference_uuid"]
    assert ids(client.recordings.list(conference_uuid=uuid)) == [first]
    assert ids(client.recordings.list(conference_uuid=uuid, conference_name="other")) == []
    assert ids(client.recordings.list(mpc_name="room")) == []
    assert ids(client.recordings.list()) == [other, second, first]


def test_a_list_has_pages_of_twenty(client: Any, recorded: Any, room: Room, api: Api) -> None:
    for _ in range(23):
        recorded(seconds=1)
    first = client.recordings.list()
    assert (len(first), first.meta["total_count"], first.meta["previous"]) == (20, 23, None)
    assert first.meta["next"].endswith("/Recording/?limit=20&offset=20")
    assert len(client.recordings.list(offset=20)) == 3
    beyond = client.recordings.list(offset=99)
    assert (list(beyond), beyond.meta["offset"], beyond.meta["next"]) == ([], 99, None)
    with pytest.raises(ValidationError):
        client.recordings.list(limit=21)


def test_without_a_range_the_last_seven_days_are_told(
    client: Any, recorded: Any, sandbox: Sandbox
) -> None:
    id = recorded()
    sandbox.clock(advance=8 * DAY)
    assert ids(client.recordings.list()) == []
    assert ids(client.recordings.list(add_time__gte=at(sandbox, -10))) == [id]
    assert ids(client.recordings.list(add_time__gte=at(sandbox, -7))) == []
    asked = {"add_time__gt": at(sandbox, -20), "add_time__lte": at(sandbox)}
    assert ids(client.recordings.list(**asked)) == [id]
    assert ids(client.recordings.list(recording_storage_duration__gte=8)) == [id]


@pytest.mark.parametrize(
    "asked",
    [
        {"add_time__gte": -31.0},
        {"add_time__gte": -40.0, "add_time__lt": -5.0},
        {"add_time__lt": -1.0},
    ],
)
def test_a_range_over_thirty_days_is_refused(
    asked: dict[str, float], client: Any, sandbox: Sandbox
) -> None:
    wanted = {name: at(sandbox, days) for name, days in asked.items()}
    with pytest.raises(ValidationError, match="30 days"):
        client.recordings.list(**wanted)


@pytest.mark.parametrize(
    "asked",
    [
        {"add_time__gte": "2026-11-26T10:00:00Z"},
        {"add_time__gte": "2026-13-26 10:00"},
        {"add_time__gte": "2026-11-26 10:00", "recording_storage_duration": "3"},
        {"recording_storage_duration": "three"},
        {"limit": "x"},
    ],
)
def test_what_can_not_be_read_is_refused(asked: dict[str, str], sandbox: Sandbox) -> None:
    assert listed(sandbox, **asked).status_code == 400


def listed(sandbox: Sandbox, **asked: str) -> requests.Response:
    options = sandbox.options
    return requests.get(
        f"{sandbox.url}/v1/Account/{options.auth_id}/Recording/",
        params=asked,
        auth=(options.auth_id, options.auth_token),
        timeout=PATIENCE,
    )


def test_one_that_is_deleted_is_gone_with_its_file(client: Any, recorded: Any) -> None:
    id = recorded()
    url = client.recordings.get(id).recording_url
    assert requests.get(url, timeout=PATIENCE).status_code == 200
    assert client.recordings.delete(id) is None
    assert requests.get(url, timeout=PATIENCE).status_code == 404
    for ask in (client.recordings.get, client.recordings.delete):
        with pytest.raises(ResourceNotFoundError):
            ask(id)


def test_one_that_runs_is_not_listed_unless_a_switch_says_so(
    client: Any, api: Api, room: Room, sandbox: Sandbox
) -> None:
    room()
    id = api("POST", "room/Record/").json()["recording_id"]
    assert ids(client.recordings.list()) == []
    sandbox.switch(list_running_recordings=True)
    (runs,) = client.recordings.list()
    assert (runs.recording_id, float(runs.recording_duration_ms)) == (id, 0.0)


def test_the_list_may_lag_behind(client: Any, recorded: Any, sandbox: Sandbox) -> None:
    sandbox.switch(recording_list_delay=30)
    id = recorded()
    assert ids(client.recordings.list()) == []
    sandbox.clock(advance=30)
    assert ids(client.recordings.list()) == [id]


def test_the_callback_may_be_lost_while_the_file_is_there(
    client: Any, api: Api, room: Room, service: Service, sandbox: Sandbox
) -> None:
    sandbox.fault("drop", actions=["recording"], skip=1)
    call = room()
    api("POST", "room/Record/", callback_url=f"{service.url}/recording")
    sandbox.clock(advance=5)
    sandbox.hang_up(call)
    until(lambda: ids(client.recordings.list()), "it is listed")
    until(lambda: not sandbox.state()["under_way"], "the callbacks to be sent")
    assert [one.fields.get("message") for one in service.at("/recording")] == [
        "conference recording started"
    ]


def test_a_recording_may_come_to_nothing(
    client: Any, api: Api, room: Room, service: Service, sandbox: Sandbox
) -> None:
    sandbox.fault("no_file")
    call = room()
    urls = {f"{what}_url": f"{service.url}/{what}" for what in ("callback", "transcription")}
    api("POST", "room/Record/", transcription_type="auto", **urls)
    service.wait("/callback")
    sandbox.clock(advance=5)
    sandbox.hang_up(call)
    until(lambda: sandbox.state()["recordings"][0]["ended_at"], "it has ended")
    sandbox.clock(advance=60)
    assert ids(client.recordings.list()) == []
    assert len(service.at("/callback")) == 1
    assert service.at("/transcription") == []


@pytest.mark.parametrize("status", [429, 500])
def test_the_list_has_bad_days_as_well(status: int, sandbox: Sandbox) -> None:
    sandbox.fault("status", actions=["list_recordings"], status=status)
    assert listed(sandbox).status_code == status
    assert listed(sandbox).status_code == 200


def test_what_is_asked_of_a_conference_is_noted_as_such(sandbox: Sandbox, recorded: Any) -> None:
    uuid = recording_of(sandbox, recorded())["conference_uuid"]
    listed(sandbox, conference_uuid=uuid)
    last = sandbox.requests()[-1]
    assert (last["operation"], last["conference"]) == ("list_recordings", "room")
