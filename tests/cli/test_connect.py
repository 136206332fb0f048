"""`gavel connect`: it says what it will change, changes that and nothing else, and only once."""

from collections.abc import Iterator
from typing import Any

import plivo
import pytest
from click.testing import CliRunner, Result

from cli.commands.connect import connect
from cli.connect import CannotConnect, application_name, plan
from sandbox.embedded import Sandbox
from sandbox.world.directory import NUMBERS
from workers.plivo.account import AccountApi, Application, Number

PUBLIC = "https://gavel.example.com"
ANSWER = f"{PUBLIC}/plivo/answer/standup#rp=all&rc=5"
NUMBER, OTHER = NUMBERS


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """The account of the settings."""
    with Sandbox() as sandbox:
        monkeypatch.setenv("PLIVO_API_URL", sandbox.url)
        monkeypatch.setenv("PLIVO_AUTH_ID", sandbox.options.auth_id)
        monkeypatch.setenv("PLIVO_AUTH_TOKEN", sandbox.options.auth_token)
        monkeypatch.setenv("PUBLIC_URL", PUBLIC)
        yield sandbox


@pytest.fixture
def client(account: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("PLIVO_API_BASE_URI", "API_VOICE_BASE_URI"):
        monkeypatch.setattr(f"plivo.rest.client.{name}", f"{account.url}/v1/Account")
    with plivo.RestClient(account.options.auth_id, account.options.auth_token) as client:
        yield client


def connected(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(connect, list(arguments), input=answer)


def changes(account: Sandbox) -> list[str]:
    return [one["operation"] for one in account.requests() if one["method"] != "GET"]


def test_an_application_is_made_and_a_number_points_to_it(account: Sandbox, client: Any) -> None:
    done = connected("standup", "--number", f"+{NUMBER}", answer="y\n")
    assert done.exit_code == 0, done.output
    assert f"number +{NUMBER}: points to nothing, will point to gavel-standup" in done.output
    (made,) = client.applications.list()
    assert (made.app_name, made.answer_url, made.hangup_url) == ("gavel-standup", ANSWER, ANSWER)
    assert client.numbers.get(NUMBER).application == made.resource_uri
    assert client.numbers.get(OTHER).application is None
    again = connected("standup", "--number", f"+{NUMBER}")
    assert (again.exit_code, "nothing to change" in again.output) == (0, True), again.output
    assert f"numbers       +{NUMBER}" in again.output
    assert changes(account) == ["create_application", "update_number"]


@pytest.mark.parametrize("answer", ["n\n", "", "\n"])
def test_without_a_yes_nothing_is_changed(account: Sandbox, answer: str) -> None:
    refused = connected("standup", answer=answer)
    assert refused.exit_code == 1
    assert f"answer_url    {ANSWER}   (new)" in refused.output
    assert changes(account) == []


def test_only_what_differs_is_changed(account: Sandbox, client: Any) -> None:
    client.applications.create(
        "gavel-standup",
        answer_url="https://old.example/a",
        answer_method="GET",
        message_url="https://sms.example/in",
        log_incoming_messages=False,
    )
    client.applications.create("another", answer_url="https://h.example/another")
    done = connected("standup", "--yes")
    assert f"answer_url    {ANSWER}   (now: https://old.example/a)" in done.output
    mended, another = client.applications.list()
    assert (mended.answer_url, mended.answer_method) == (ANSWER, "POST")
    assert (mended.message_url, mended.log_incoming_messages) == ("https://sms.example/in", False)
    assert another.answer_url == "https://h.example/another"
    assert changes(account)[2:] == ["update_application"]


def test_all_pages_of_a_list_are_read(account: Sandbox, client: Any) -> None:
    for number in range(23):
        client.applications.create(f"app-{number}", answer_url="https://h.example/a")
    with AccountApi(account.url, account.options.auth_id, account.options.auth_token) as api:
        assert [one.name for one in api.applications()] == [f"app-{n}" for n in range(23)]
        assert [one.number for one in api.numbers()] == list(NUMBERS)


def test_plivo_is_not_told_an_address_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLIVO_AUTH_ID", "MA" + "X" * 18)
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", "of-this-test")
    monkeypatch.delenv("PUBLIC_URL", raising=False)
    refused = connected("standup", "--yes")
    assert isinstance(refused.exception, CannotConnect)
    assert "set PUBLIC_URL" in str(refused.exception)


NUMBERS_THERE = (Number(NUMBER, "", True), Number(OTHER, "7", False))


@pytest.mark.parametrize(
    ("applications", "number", "sentence"),
    [
        ([Application("1", "x", {}), Application("2", "x", {})], None, "2 applications named x"),
        ([], "+4930100", f"does not rent \\+4930100. It has: \\+{NUMBER}, \\+{OTHER}"),
        ([], f"+{OTHER}", "takes no calls"),
    ],
)
def test_what_can_not_be_connected_is_a_sentence(
    applications: list[Application], number: str | None, sentence: str
) -> None:
    with pytest.raises(CannotConnect, match=sentence):
        plan("x", "standup", PUBLIC, applications, NUMBERS_THERE, number)


def test_a_number_may_be_written_as_people_do() -> None:
    shown = f"+{NUMBER[0]} ({NUMBER[1:4]}) {NUMBER[4:7]}-{NUMBER[7:]}"
    found = plan("x", "standup", PUBLIC, [], NUMBERS_THERE, shown)
    assert found.moved == NUMBERS_THERE[0]


@pytest.mark.parametrize(
    ("conference", "name"), [("standup", "gavel-standup"), ("Größe 1/2", "gavel-Gr--e-1-2")]
)
def test_an_application_has_a_name_that_plivo_takes(conference: str, name: str) -> None:
    assert application_name(conference) == name
