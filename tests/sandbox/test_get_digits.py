"""`<GetDigits>`: a call is asked for digits before or after a conference (docs/plivo.md 22.1)."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.embedded import Sandbox
from tests.sandbox.service import Service
from tests.sandbox.test_calls import call_by_xml, ended
from tests.waiting import until

ASKS = (
    '<GetDigits action="SERVICE/pin" numDigits="6" retries="2" log="{log}"'
    ' validDigits="0123456789">'
    "<Speak>Your PIN.</Speak></GetDigits><Speak>Goodbye.</Speak>"
)
Ask = Callable[..., str]


@pytest.fixture
def ask(sandbox: Sandbox, service: Service) -> Ask:
    """A call that is being asked; its id."""

    def call(log: str = "true") -> str:
        service.answer_xml("/pin", "<Conference>room</Conference>")
        found = call_by_xml(sandbox, service, ASKS.format(log=log))
        until(lambda: state_of(sandbox, found)["asked"], "the call to be asked")
        return found

    return call


def state_of(sandbox: Sandbox, call: str) -> dict[str, Any]:
    state = sandbox.state()
    return next(one for one in state["calls"] + state["ended_calls"] if one["call_uuid"] == call)


def digits_told(service: Service) -> list[str]:
    return [one.fields["Digits"] for one in service.at("/pin")]


def wait_until_ended(sandbox: Sandbox, call: str) -> None:
    """Time passes until then."""

    def over() -> bool:
        sandbox.clock(advance=5)
        return ended(sandbox, call)

    until(over, "the call to end")


@pytest.mark.parametrize(
    ("keys", "told"), [("1234#", "1234"), ("123456", "123456"), ("1234567", "123456")]
)
def test_what_was_entered_is_sent_and_its_answer_takes_over(
    sandbox: Sandbox, service: Service, ask: Ask, keys: str, told: str
) -> None:
    call = ask()
    sandbox.press(call, keys)
    until(lambda: state_of(sandbox, call)["conference"] == "room", "the call to be in")
    assert digits_told(service) == [told]
    assert service.at("/pin")[0].fields["CallUUID"] == call
    assert state_of(sandbox, call)["heard"] == ["Your PIN."]


def test_a_pause_ends_what_was_begun(sandbox: Sandbox, service: Service, ask: Ask) -> None:
    call = ask()
    sandbox.press(call, "12")

    def told() -> bool:
        sandbox.clock(advance=2.5)
        return digits_told(service) == ["12"]

    until(told, "two digits")


@pytest.mark.parametrize("keys", ["", "#", "1*"])
def test_who_enters_nothing_that_can_be_used_goes_on_and_nobody_is_asked(
    sandbox: Sandbox, service: Service, ask: Ask, keys: str
) -> None:
    call = ask()
    if keys:
        sandbox.press(call, keys)
    wait_until_ended(sandbox, call)
    assert digits_told(service) == []
    heard = state_of(sandbox, call)["heard"]
    assert (heard[0], heard[-1]) == ("Your PIN.", "Goodbye.")


def test_the_finish_key_alone_may_be_told(sandbox: Sandbox, service: Service, ask: Ask) -> None:
    sandbox.switch(empty_digits="send_empty")
    call = ask()
    sandbox.press(call, "#")
    until(lambda: digits_told(service) == [""], "no digits")


def test_who_hangs_up_while_asked_has_entered_nothing(
    sandbox: Sandbox, service: Service, ask: Ask
) -> None:
    call = ask()
    sandbox.press(call, "12")
    sandbox.hang_up(call)
    until(lambda: ended(sandbox, call), "the end")
    assert digits_told(service) == []


@pytest.mark.parametrize(("log", "shown"), [("true", "1234"), ("false", "***")])
def test_the_log_keeps_what_was_entered_unless_it_may_not(
    sandbox: Sandbox, service: Service, ask: Ask, log: str, shown: str
) -> None:
    call = ask(log=log)
    sandbox.press(call, "1234#")
    until(lambda: digits_told(service) == ["1234"], "the digits")
    until(
        lambda: (
            [
                one["fields"]["Digits"]
                for one in sandbox.deliveries()
                if one["action"] == "get_digits"
            ]
            == [shown]
        ),
        "the line of the log",
    )
