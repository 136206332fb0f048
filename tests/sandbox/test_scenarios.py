"""Scenarios: read strictly, played against any service, faster than life."""

import pytest

from sandbox.embedded import Sandbox
from sandbox.scenarios.scenario import BadScenario, play, read, shipped
from sandbox.scenarios.steps import BadStep, seconds
from tests.sandbox.service import Service

NAMES = {
    "quiet-call",
    "sales-call",
    "town-hall",
    "runaway-meeting",
    "flapping-member",
    "bad-day",
    "forgotten-hang-up",
    "missing-recording",
    "no-transcript",
}


def played(
    text: str,
    sandbox: Sandbox,
    service: Service,
    speed: float = 100,
) -> list[str]:
    """Play with a service that puts everybody into conference "room"; the lines that are told.
    It goes on when the first caller is in, however long that takes."""
    lines: list[str] = []

    def note(line: str) -> None:
        lines.append(line)
        if "call_in" in line:
            service.wait_for("enter")

    service.answer_xml(
        "/answer",
        f'<Conference callbackUrl="{service.url}/events" digitsMatch="*1">room</Conference>',
    )
    play(
        read(text, "test"),
        sandbox=sandbox.url,
        service=service.url,
        answer_url="{service}/answer",
        speed=speed,
        tell=note,
    )
    return lines


def test_eight_scenarios_are_shipped() -> None:
    assert set(shipped()) == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_shipped_scenario_can_be_played(
    name: str, sandbox: Sandbox, service: Service
) -> None:
    lines = played(shipped()[name], sandbox, service, speed=2_000)
    assert len(lines) == 1 + len(read(shipped()[name], name).steps)
    service.wait_for("enter")


def test_a_scenario_happens_at_the_service(sandbox: Sandbox, service: Service) -> None:
    text = """
    title: Two meet
    timeline:
      - {at: 3s, hang_up: anna}
      - {at: 0s, call_in: anna, from: "+4930100", conference: x}
      - {at: 1s, press: anna, digits: "*1"}
      - {at: 1s, call_in: "g{n}", conference: x, count: 3, every: 100ms}
    """
    played(text, sandbox, service, speed=10)
    service.wait_until(lambda: len(service.at("/events")) == 6)
    assert sorted(service.actions()) == ["digits", *["enter"] * 4, "exit"]


def test_the_clock_of_the_sandbox_keeps_pace(sandbox: Sandbox, service: Service) -> None:
    before = sandbox.clock(rate=1)["now"]
    played("timeline: [{at: 20m, end: all}]", sandbox, service, speed=4_000)
    clock = sandbox.clock()
    assert clock["now"] - before > 1_190
    assert clock["rate"] == 1


def test_a_scenario_leaves_the_sandbox_as_it_was(sandbox: Sandbox, service: Service) -> None:
    sandbox.switch(profile="documented")
    sandbox.clock(skew=5, rate=1)
    sandbox.fault("slow", times=0, conference="mine")
    text = """
    timeline:
      - {fault: {kind: drop, times: 0}}
      - {switch: {profile: rich, error_body: text}}
      - {skew: -90}
      - {fault: {kind: status}}
      - {at: 1s, hang_up: nobody}
    """
    with pytest.raises(BadScenario):
        played(text, sandbox, service)
    switches, state = sandbox.switches(), sandbox.state()
    assert (switches["profile"], switches["error_body"]) == ("documented", "json")
    assert (sandbox.clock()["skew"], sandbox.clock()["rate"]) == (5, 1)
    assert [one["conference"] for one in state["faults"]] == ["mine"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("timeline: [{at: soon, end: all}]", "step 1: 'soon' is no time"),
        ("timeline: [{at: 1s}]", "step 1: one of call_in, "),
        ("timeline: [{end: all}, {end: all, press: anna}]", "step 2: one of"),
        ("timeline: [{call_in: anna, room: x}]", "step 1: call_in has no room"),
        ("timeline: [nothing]", "step 1: 'nothing' is no step"),
        ("timeline: [{call_in: a, count: many}]", "step 1: "),
        ("[]", "a list named timeline"),
        ("{timeline: [], colour: red}", "a list named timeline"),
        ("{", "test: "),
        ("!!python/object/apply:os.system ['true']", "a list named timeline"),
    ],
)
def test_a_scenario_that_cannot_be_read_says_where(text: str, message: str) -> None:
    with pytest.raises(BadScenario, match=message):
        read(text, "test")


def test_a_step_that_cannot_be_played_says_which(sandbox: Sandbox, service: Service) -> None:
    with pytest.raises(BadScenario, match="at 1s, hang_up: bert has not called in"):
        played("timeline: [{at: 1s, hang_up: bert}]", sandbox, service)


def test_who_was_hung_up_cannot_speak_and_the_scenario_goes_on(
    sandbox: Sandbox, service: Service
) -> None:
    text = """
    timeline:
      - {at: 0s, call_in: anna, conference: x}
      - {at: 1s, hang_up: anna}
      - {at: 2s, speak: anna, text: Hello}
      - {at: 3s, end: all}
    """
    lines = played(text, sandbox, service, speed=5)
    assert "no such call is up" in lines[-2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90", 90), ("1m30s", 90), ("250ms", 0.25), ("1h", 3600), ("0.5s", 0.5), ("12m", 720)],
)
def test_times_are_read(text: str, expected: float) -> None:
    assert seconds(text) == expected
    with pytest.raises(BadStep):
        seconds(text + "x")
