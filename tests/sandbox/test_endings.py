"""How a call ends, and what its hang-up URL is told of that (docs/plivo.md 22.4, 23.3)."""

from datetime import datetime, timedelta

import pytest
import requests

from sandbox.embedded import Sandbox
from tests.sandbox.conftest import Api, members
from tests.sandbox.service import Reply, Service
from tests.sandbox.test_calls import call_by_xml, ended
from tests.waiting import PATIENCE, until


def cause_of(service: Service) -> tuple[str, str, str, str]:
    """What the hang-up URL was told of the last call that ended."""
    fields = service.wait("/hangup")[-1].fields
    names = ("HangupCauseName", "HangupCauseCode", "HangupSource", "HangupCause")
    assert (fields["Event"], fields["CallStatus"]) == ("Hangup", "completed")
    return fields[names[0]], fields[names[1]], fields[names[2]], fields[names[3]]


def call_a_number(sandbox: Sandbox, service: Service, xml: str) -> str:
    """A call to a number whose application answers with this XML, and hears of its end."""
    service.answer_xml("/answer", xml.replace("SERVICE", service.url))
    service.answer_xml("/hangup", "")
    account = f"{sandbox.url}/v1/Account/{sandbox.options.auth_id}"
    auth = (sandbox.options.auth_id, sandbox.options.auth_token)
    urls = {"answer_url": f"{service.url}/answer", "hangup_url": f"{service.url}/hangup"}
    told = {"app_name": "ends", **urls}
    made = requests.post(f"{account}/Application/", json=told, auth=auth, timeout=PATIENCE)
    number = {"app_id": made.json()["app_id"]}
    requests.post(f"{account}/Number/14155550199/", json=number, auth=auth, timeout=PATIENCE)
    return sandbox.call_in(to="+14155550199")


@pytest.mark.parametrize(
    ("xml", "cause"),
    [
        ("<Hangup/>", ("Rejected", "3020", "Answer XML", "CALL_REJECTED")),
        ('<Hangup reason="busy"/>', ("Busy", "3010", "Answer XML", "USER_BUSY")),
        ('<Wait length="1"/><Hangup reason="rejected"/>',
         ("Rejected", "3020", "Answer XML", "CALL_REJECTED")),
        ('<Speak>Hi.</Speak><Hangup reason="busy"/>',
         ("Normal Hangup", "4000", "Answer XML", "NORMAL_CLEARING")),
        ("<Speak>Hi.</Speak>", ("End Of XML Instructions", "4010", "Plivo", "NORMAL_CLEARING")),
        ('<Hangup schedule="9" reason="busy"/>',
         ("Normal Hangup", "4000", "Answer XML", "NORMAL_CLEARING")),
        ("<Redirect>SERVICE/nowhere</Redirect>",
         ("URL unreachable", "7014", "Error", "NORMAL_CLEARING")),
    ],
)  # fmt: skip
def test_why_a_call_ended_is_told(
    xml: str, cause: tuple[str, ...], sandbox: Sandbox, service: Service
) -> None:
    sandbox.clock(rate=100)
    service.reply("/nowhere", Reply(404))
    call = call_a_number(sandbox, service, xml)
    until(lambda: ended(sandbox, call), "the end")
    assert cause_of(service) == cause
    (told,) = [one for one in sandbox.state()["ended_calls"] if one["call_uuid"] == call]
    assert told["hangup_cause"] == cause[0]


def test_how_long_a_call_was_and_what_it_cost_is_told(sandbox: Sandbox, service: Service) -> None:
    call = call_a_number(sandbox, service, "<Conference>room</Conference>")
    until(lambda: members(sandbox), "the member")
    sandbox.clock(advance=61)
    sandbox.hang_up(call)
    told = service.wait("/hangup")[-1].fields
    assert (told["Duration"], told["BillDuration"], told["TotalCost"]) == ("61", "120", "0.00600")
    times = [datetime.fromisoformat(told[f"{name}Time"]) for name in ("Start", "Answer", "End")]
    assert (times[2] - times[1]).total_seconds() in {61, 62}  # whole seconds of two instants
    began = datetime.fromisoformat(told["SessionStart"])
    assert abs(times[0] - began - timedelta(hours=5, minutes=30)) < timedelta(seconds=1)


def test_a_call_that_was_refused_has_no_length(sandbox: Sandbox, service: Service) -> None:
    call_a_number(sandbox, service, "<Hangup/>")
    told = service.wait("/hangup")[-1].fields
    assert (told["AnswerTime"], told["Duration"], told["TotalCost"]) == ("", "0", "0.00000")


@pytest.mark.parametrize(
    ("direction", "status"), [("inbound", "ringing"), ("outbound", "in-progress")]
)
def test_a_call_rings_until_its_answer_is_there(
    direction: str, status: str, sandbox: Sandbox, service: Service
) -> None:
    service.answer_xml("/first", f"<Redirect>{service.url}/next</Redirect>")
    service.answer_xml("/next", "<Conference>room</Conference>")
    sandbox.call_in(answer_url=f"{service.url}/first", direction=direction)
    assert service.wait("/first")[0].fields["CallStatus"] == status
    assert service.wait("/next")[0].fields["CallStatus"] == "in-progress"


def test_a_scheduled_hang_up_comes_in_its_time_wherever_the_call_is(
    sandbox: Sandbox, service: Service
) -> None:
    sandbox.clock(rate=0)
    xml = '<Hangup schedule="60"/><Conference callbackUrl="SERVICE/events">room</Conference>'
    call = call_a_number(sandbox, service, xml)
    service.wait_for("enter")
    sandbox.clock(advance=59)
    assert members(sandbox, "room")
    sandbox.clock(advance=2)
    service.wait_for("exit")
    until(lambda: ended(sandbox, call), "the end")
    assert cause_of(service)[:3] == ("Normal Hangup", "4000", "Answer XML")


def test_a_scheduled_hang_up_of_a_call_that_is_over_ends_nothing(
    sandbox: Sandbox, service: Service
) -> None:
    sandbox.clock(rate=0)
    xml = '<Hangup schedule="60"/><Conference callbackUrl="SERVICE/events">room</Conference>'
    call = call_a_number(sandbox, service, xml)
    service.wait_for("enter")
    sandbox.hang_up(call)
    until(lambda: ended(sandbox, call), "the end")
    sandbox.clock(advance=61)
    assert cause_of(service)[:3] == ("Normal Hangup", "4000", "Caller")


def test_a_member_who_is_hung_up_by_the_api_ended_so(
    sandbox: Sandbox, service: Service, api: Api
) -> None:
    call = call_a_number(sandbox, service, "<Conference>room</Conference>")
    until(lambda: members(sandbox, "room"), "the member")
    api("DELETE", f"room/Member/{members(sandbox, 'room')[0]['id']}/")
    until(lambda: ended(sandbox, call), "the end")
    assert cause_of(service)[:3] == ("Normal Hangup", "4000", "API Request")


def test_what_hangup_says_wrongly_is_warned_of(sandbox: Sandbox, service: Service) -> None:
    call = call_by_xml(sandbox, service, '<Hangup reason="tired" schedule="soon"/>')
    until(lambda: ended(sandbox, call), "the end")
    (told,) = [one for one in sandbox.state()["ended_calls"] if one["call_uuid"] == call]
    assert told["warnings"] == [
        "<Hangup reason='tired'>: not a value for it, ignored",
        "<Hangup schedule='soon'>: not a value for it, ignored",
    ]
    assert told["hangup_cause"] == "Rejected"
