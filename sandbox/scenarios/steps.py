"""The steps of a scenario: one function for each, in one table."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.control.client import ControlClient

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?")


class BadStep(Exception):
    """A step cannot be read or played; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Step:
    """What happens `at` so many seconds from the beginning; the verb and its arguments."""

    at: float
    verb: str
    given: Mapping[str, Any]


@dataclass(slots=True)
class Stage:
    """A scenario under way: the sandbox, and the calls by the names of those who called."""

    sandbox: ControlClient
    answer_url: Callable[[str], str]
    calls: dict[str, str] = field(default_factory=dict)
    faults: list[int] = field(default_factory=list)


def seconds(text: object) -> float:
    """`90`, `1m30s`, `250ms` as seconds."""
    given = str(text).strip()
    found = _DURATION.fullmatch(given)
    if found is None or not given:
        try:
            return max(float(given), 0.0)
        except ValueError:
            raise BadStep(f"{given!r} is no time: write 90s, 1m30s or 250ms") from None
    hours, minutes, whole, thousandths = (float(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + whole + thousandths / 1000


def read_steps(given: object) -> list[Step]:
    """One entry of the timeline; with `count` and `every` it is many steps, `{n}` is the number."""
    if not isinstance(given, Mapping):
        raise BadStep(f"{given!r} is no step: write {{at: 5s, call_in: anna, conference: room}}")
    rest = {str(key): value for key, value in given.items()}
    verbs = [key for key in rest if key in STEPS]
    if len(verbs) != 1:
        raise BadStep(
            f"one of {', '.join(STEPS)} is wanted, there is {' and '.join(verbs) or 'none'}"
        )
    at, count = seconds(rest.pop("at", 0)), int(rest.pop("count", 1))
    every = seconds(rest.pop("every", 0))
    unknown = rest.keys() - {verbs[0], *STEPS[verbs[0]].keys}
    if unknown:
        raise BadStep(f"{verbs[0]} has no {', '.join(sorted(unknown))}")
    return [
        Step(at + number * every, verbs[0], {key: _numbered(rest[key], number + 1) for key in rest})
        for number in range(count)
    ]


def _numbered(value: Any, number: int) -> Any:
    return value.replace("{n}", str(number)) if isinstance(value, str) else value


def _call_in(stage: Stage, given: Mapping[str, Any]) -> None:
    wanted = {key: given[key] for key in ("from", "to", "caller_name", "tone") if key in given}
    conference = str(given.get("conference", ""))
    if "attributes" in given:
        wanted["attributes"] = given["attributes"]
    elif conference or "to" not in given:
        wanted["answer_url"] = stage.answer_url(conference)
    stage.calls[str(given["call_in"])] = stage.sandbox.call_in(conference, **wanted)


def _press(stage: Stage, given: Mapping[str, Any]) -> None:
    stage.sandbox.press(_call(stage, given["press"]), str(given.get("digits", "")))


def _speak(stage: Stage, given: Mapping[str, Any]) -> None:
    call = _call(stage, given["speak"])
    length = {"seconds": seconds(given["for"])} if "for" in given else {}
    stage.sandbox.speak(call, str(given.get("text", "")), **length)


def _hang_up(stage: Stage, given: Mapping[str, Any]) -> None:
    stage.sandbox.hang_up(_call(stage, given["hang_up"]))


def _fault(stage: Stage, given: Mapping[str, Any]) -> None:
    wanted = dict(given["fault"])
    stage.faults.append(stage.sandbox.fault(**wanted))


def _clear_faults(stage: Stage, given: Mapping[str, Any]) -> None:
    stage.sandbox.clear_faults()


def _switch(stage: Stage, given: Mapping[str, Any]) -> None:
    stage.sandbox.switch(**given["switch"])


def _skew(stage: Stage, given: Mapping[str, Any]) -> None:
    stage.sandbox.clock(skew=float(given["skew"]))


def _end(stage: Stage, given: Mapping[str, Any]) -> None:
    """Nothing happens; the scenario lasts until then."""


def _call(stage: Stage, who: object) -> str:
    if str(who) not in stage.calls:
        raise BadStep(f"{who} has not called in")
    return stage.calls[str(who)]


@dataclass(frozen=True, slots=True)
class Kind:
    """How a step is played, and the keys that it may have beside its own and `at`."""

    play: Callable[[Stage, Mapping[str, Any]], None]
    keys: frozenset[str] = frozenset()
    about: str = ""


STEPS: Mapping[str, Kind] = {
    "call_in": Kind(
        _call_in,
        frozenset({"conference", "from", "to", "caller_name", "tone", "attributes"}),
        "somebody of this name calls; answered by the service unless `attributes` are given; `to` "
        "without `conference`: they call that number, whose application answers",
    ),
    "press": Kind(_press, frozenset({"digits"}), "they press keys"),
    "speak": Kind(_speak, frozenset({"text", "for"}), "they speak: words, or so long"),
    "hang_up": Kind(_hang_up, about="they hang up"),
    "fault": Kind(_fault, about="something goes wrong from now on"),
    "clear_faults": Kind(_clear_faults, about="all faults are taken away"),
    "switch": Kind(_switch, about="switches are set"),
    "skew": Kind(_skew, about="Plivo's clock is wrong by so many seconds"),
    "end": Kind(_end, about="nothing; the scenario lasts until then"),
}
