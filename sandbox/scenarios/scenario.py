"""Scenarios: who calls in when, what they do, what goes wrong; read from YAML, played."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml

from sandbox.control.client import ControlClient, ControlFailed
from sandbox.scenarios.steps import STEPS, BadStep, Stage, Step, read_steps
from sandbox.world.options import Options

KEYS = {"title", "about", "timeline"}


class BadScenario(Exception):
    """The scenario cannot be played; the message says which step and why."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A title, what it is about, and its steps in the order of their time."""

    title: str
    about: str
    steps: tuple[Step, ...]

    @property
    def seconds(self) -> float:
        return self.steps[-1].at if self.steps else 0.0


def shipped() -> dict[str, str]:
    """The YAML texts of the scenarios that come with the sandbox, by name."""
    folder = files(__package__)
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".yaml")]
    return {
        one.name.removesuffix(".yaml"): one.read_text("utf-8") for one in sorted(found, key=str)
    }


def read(text: str, source: str) -> Scenario:
    """A scenario from YAML; every scalar is read as text. BadScenario names the source."""
    try:
        given = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 (text, lists, mappings only)
    except yaml.YAMLError as error:
        raise BadScenario(f"{source}: {error}") from error
    if (
        not isinstance(given, dict)
        or set(given) - KEYS
        or not isinstance(given.get("timeline"), list)
    ):
        raise BadScenario(f"{source}: title, about and a list named timeline are wanted, no more")
    steps: list[Step] = []
    for number, entry in enumerate(given["timeline"], start=1):
        try:
            steps += read_steps(entry)
        except (BadStep, ValueError) as error:
            raise BadScenario(f"{source}: step {number}: {error}") from error
    steps.sort(key=lambda step: step.at)
    return Scenario(str(given.get("title", source)), str(given.get("about", "")), tuple(steps))


def play(
    scenario: Scenario,
    *,
    sandbox: str,
    service: str,
    speed: float = 1.0,
    answer_url: str = "",
    tell: Callable[[str], None] = print,
) -> list[dict[str, Any]]:
    """Play against a running sandbox and the service that it calls; what the service asked of the
    Conference API meanwhile. `speed` 10 makes the sandbox's clock ten times faster, too. However
    it ends, the clock, the switches and the faults are then as they were.
    """
    client = ControlClient(sandbox)
    options = Options(service=service, answer_url=answer_url or Options().answer_url)
    stage = Stage(client, options.answer_url_for)
    seen = int(client.state()["requests"])
    switches, clock = client.switches(), client.clock()
    client.clock(rate=speed)
    begun = time.monotonic()
    try:
        tell(f"{scenario.title}: {len(scenario.steps)} steps in {scenario.seconds / speed:g} s")
        for step in scenario.steps:
            time.sleep(max(begun + step.at / speed - time.monotonic(), 0))
            tell(f"{step.at:8.2f}s  {_line(step)}{_play_step(stage, step)}")
        return client.requests(after=seen)
    finally:
        client.clock(rate=clock["rate"], skew=clock["skew"])
        client.switch(**switches)
        _clear(stage)
        client.close()


def _play_step(stage: Stage, step: Step) -> str:
    """Why the sandbox refused, "" when it did not: who was hung up cannot speak any more."""
    try:
        STEPS[step.verb].play(stage, step.given)
    except BadStep as error:
        raise BadScenario(f"at {step.at:g}s, {step.verb}: {error}") from error
    except ControlFailed as error:
        return f" ({error})"
    return ""


def _clear(stage: Stage) -> None:
    """Take away what faults of this scenario are left."""
    for fault_id in stage.faults:
        with suppress(ControlFailed):  # used up
            stage.sandbox.clear_fault(fault_id)


def _line(step: Step) -> str:
    details = [f"{key} {value}" for key, value in step.given.items() if key != step.verb]
    return ", ".join([f"{step.verb} {step.given[step.verb]}", *details])
