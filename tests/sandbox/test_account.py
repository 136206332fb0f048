"""The official package drives the Application and Number APIs, and a call to a number is answered
by the application that it points to (docs/plivo.md 28)."""

from collections.abc import Iterator
from typing import Any

import plivo
import pytest
from plivo.exceptions import ResourceNotFoundError, ValidationError

from sandbox.control.client import ControlFailed
from sandbox.embedded import Sandbox
from sandbox.scenarios.scenario import play, read
from sandbox.world.directory import NUMBERS
from tests.sandbox.conftest import members
from tests.sandbox.service import Reply, Service
from tests.waiting import until

NUMBER = NUMBERS[0]


@pytest.fixture
def client(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Numbers are asked of another host than applications: both are the sandbox here."""
    for name in ("PLIVO_API_BASE_URI", "API_VOICE_BASE_URI"):
        monkeypatch.setattr(f"plivo.rest.client.{name}", f"{sandbox.url}/v1/Account")
    with plivo.RestClient(sandbox.options.auth_id, sandbox.options.auth_token) as client:
        yield client


def made(
    client: Any, name: str = "gavel-room", url: str = "https://h.example/a", **more: Any
) -> str:
    return str(client.applications.create(name, answer_url=url, **more).app_id)


def test_an_application_is_made_shown_changed_and_removed(client: Any) -> None:
    app_id = made(client)
    shown = client.applications.get(app_id)
    assert (shown.app_name, shown.answer_url, shown.answer_method) == (
        "gavel-room",
        "https://h.example/a",
        "POST",
    )
    assert shown.hangup_url == "https://h.example/a"  # as documented, where none is given
    assert shown.resource_uri.endswith(f"/Application/{app_id}/")
    changed = client.applications.update(app_id, answer_url="https://h.example/b")
    assert changed.message == "changed"
    assert client.applications.get(app_id).answer_url == "https://h.example/b"
    assert client.applications.delete(app_id) is None
    with pytest.raises(ResourceNotFoundError):
        client.applications.get(app_id)


def test_a_list_comes_in_pages_that_the_package_follows(client: Any) -> None:
    ids = [made(client, f"app-{number}") for number in range(23)]
    first = client.applications.list()
    assert (len(first), first.meta["total_count"]) == (20, 23)
    assert [one.app_id for one in client.applications] == ids


def test_a_number_is_pointed_to_an_application_and_away(client: Any) -> None:
    assert [one.number for one in client.numbers.list()] == list(NUMBERS)
    assert client.numbers.get(NUMBER).application is None
    app_id = made(client)
    assert client.numbers.update(NUMBER, app_id=app_id).message == "changed"
    assert client.numbers.get(NUMBER).application.endswith(f"/Application/{app_id}/")
    client.applications.delete(app_id)
    assert client.numbers.get(NUMBER).application is None


@pytest.mark.parametrize(
    "wanted",
    [
        {"app_name": "a b", "answer_url": "https://h.example/a"},
        {"app_name": "a"},
        {"app_name": "a", "answer_url": "https://h.example/a", "hangup_method": "PUT"},
    ],
)
def test_what_cannot_be_made_is_refused(client: Any, wanted: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        client.applications.create(**wanted)
    assert len(client.applications.list()) == 0


def test_what_is_not_there_is_not_found(client: Any) -> None:
    with pytest.raises(ResourceNotFoundError):
        client.numbers.get("4930100")
    with pytest.raises(ValidationError):
        client.numbers.update(NUMBER, app_id="123")


def test_a_call_to_a_number_is_answered_by_its_application(
    client: Any, sandbox: Sandbox, service: Service
) -> None:
    room = f'<Conference callbackUrl="{service.url}/events">room</Conference>'
    service.replies["/answer"] = [Reply(body=f"<Response>{room}</Response>")]
    app_id = made(client, url=f"{service.url}/answer", hangup_url=f"{service.url}/end")
    client.numbers.update(NUMBER, app_id=app_id)
    call = sandbox.call_in(to=f"+{NUMBER}")
    until(lambda: members(sandbox), "somebody is in")
    assert service.at("/answer")[0].fields["To"] == f"+{NUMBER}"
    sandbox.hang_up(call)
    until(lambda: service.at("/end"), "the end is told")
    assert service.at("/end")[0].fields["Event"] == "Hangup"
    assert service.at("/end")[0].fields["CallStatus"] == "completed"


def test_a_scenario_may_begin_by_calling_a_number(
    client: Any, sandbox: Sandbox, service: Service
) -> None:
    room = f'<Conference callbackUrl="{service.url}/events">room</Conference>'
    service.replies["/answer"] = [Reply(body=f"<Response>{room}</Response>")]
    client.numbers.update(NUMBER, app_id=made(client, url=f"{service.url}/answer"))
    step = f'{{at: 0s, call_in: anna, from: "+4930123456", to: "+{NUMBER}"}}'
    calling = read(f"title: A number\ntimeline:\n  - {step}\n  - {{at: 1s, end: }}\n", "test")
    play(calling, sandbox=sandbox.url, service=service.url, answer_url="", speed=100, tell=print)
    until(lambda: service.at("/answer"), "the number is called")
    asked = service.at("/answer")[0].fields
    assert (asked["From"], asked["To"]) == ("+4930123456", f"+{NUMBER}")


def test_a_number_that_nothing_answers_can_not_be_called(sandbox: Sandbox) -> None:
    with pytest.raises(ControlFailed, match="no application answers"):
        sandbox.call_in(to=f"+{NUMBER}")


@pytest.mark.parametrize("reply", [Reply(404), Reply(200, "no XML")])
def test_the_fallback_answers_where_the_answer_url_does_not(
    reply: Reply, client: Any, sandbox: Sandbox, service: Service
) -> None:
    service.reply("/answer", reply)
    service.answer_xml("/fallback", "<Conference>by-fallback</Conference>")
    url = f"{service.url}/answer#rc=0"
    app_id = made(client, url=url, fallback_answer_url=f"{service.url}/fallback")
    client.numbers.update(NUMBER, app_id=app_id)
    sandbox.call_in(to=NUMBER)
    until(lambda: members(sandbox, "by-fallback"), "the member")
    assert service.at("/fallback")[0].fields["CallStatus"] == "ringing"
