"""`gavel test`: plays timelines against the rules on a virtual clock and compares what they do.

Nothing is sent and nothing sleeps. A test passes when every expected call goes out at its time
(and nothing else, if it says so).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.yaml.document import decode
from workers.rules.engine.index import Rules
from workers.rules.engine.lasting import memory
from workers.rules.simulation.simulator import Decided, Made, Simulator, WebAnswer
from workers.rules.simulation.timeline_source import read_cases
from workers.rules.simulation.timeline_values import Case, Expected, Moment
from workers.rules.vocabulary.triggers import EVENTS

TOLERANCE = 0.05
"""Seconds by which a call may differ from its expected time."""

_AFTERWARDS = 1.0  # seconds that go on after the last thing that is written
_SAME_CALLBACK = 2.0  # the inbox drops the same digits within this many seconds


@dataclass(frozen=True, slots=True)
class Atom:
    """One call for one member (or for all, or for the conference): what is compared, so that it
    does not matter how calls were grouped."""

    at: float
    conference: str
    verb: str
    member: str
    params: Any


@dataclass(frozen=True, slots=True)
class Missing:
    """An expectation that nothing met, and what came instead, nearest first."""

    expected: Expected
    atom: Atom
    instead: tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """One test: what was missing, what came though nothing else was expected, and everything
    that happened."""

    case: Case
    missing: tuple[Missing, ...]
    surplus: tuple[Atom, ...]
    happened: tuple[Decided | Made, ...]

    @property
    def passed(self) -> bool:
        return not self.missing and not self.surplus


@dataclass(frozen=True, slots=True)
class Report:
    """All tests of one file."""

    path: str
    results: tuple[Result, ...]

    @property
    def passed(self) -> bool:
        return all(result.passed for result in self.results)


def run_tests(path: str | Path, rules: Rules, named: str = "") -> Report:
    """Plays every test of the file whose name has this part, in any case. Raises `FileError` when
    the file is wrong, OSError when it cannot be read."""
    text = decode(Path(path).read_bytes(), str(path))
    return run_text(text, str(path), rules, named)


def run_text(text: str, path: str, rules: Rules, named: str = "") -> Report:
    """The same for a text."""
    sought = named.casefold()
    read = read_cases(text, path, rules)
    cases = [case for case in read if sought in case.name.casefold()]
    return Report(path, tuple(run_case(case, rules) for case in cases))


def run_case(case: Case, rules: Rules) -> Result:
    """Plays one test."""
    simulator = Simulator(rules, case.start)
    simulator.web_answers = (WebAnswer("*", "ok", b""),)
    for moment in case.moments:
        simulator.advance(case.start + moment.at)
        _happen(simulator, moment)
    simulator.advance(case.start + _until(case))
    return _compared(case, tuple(simulator.happened), rules)


def atoms_of(made: Made, start: float) -> Iterator[Atom]:
    """A call as atoms, at a time in seconds since `start`."""
    call = made.call
    for member in call.members or ("",):
        yield Atom(made.at - start, call.conference, call.verb, member, call.params)


def _happen(simulator: Simulator, moment: Moment) -> None:
    if moment.what == "restart":
        simulator.restart()
    elif moment.what == "plivo":
        simulator.answers = {**simulator.answers, **moment.data}
        if "webhook" in moment.data:
            simulator.web_answers += (WebAnswer("*", moment.data["webhook"], b""),)
    elif moment.what == "webhook":
        simulator.web_answers += (WebAnswer(**moment.data),)
    else:
        data = dict(moment.data)
        again = data.pop("again", None)
        if again is not None and EVENTS[moment.what].brief and again < _SAME_CALLBACK:
            return
        simulator.feed(simulator.event(moment.what, moment.conference, moment.uuid, data))


def _until(case: Case) -> float:
    if case.until is not None:
        return case.until
    written = [moment.at for moment in case.moments] + [wanted.at for wanted in case.expected]
    return max(written, default=0.0) + _AFTERWARDS


def _compared(case: Case, happened: tuple[Decided | Made, ...], rules: Rules) -> Result:
    made = [one for one in happened if isinstance(one, Made) and one.sent]
    calls = [atom for one in made for atom in atoms_of(one, case.start)]
    notes = list(_log_atoms(case, happened))
    missing = []
    wrong: list[Missing] = []
    for expected in case.expected:
        if expected.verb == "vars":
            wrong += _vars(case, expected, happened, rules)
            continue
        left = notes if expected.verb == "log" else calls
        for atom in _wanted(expected):
            found = next((one for one in left if _meets(one, atom, expected)), None)
            if found is None:
                missing.append((expected, atom))
            else:
                left.remove(found)
    told = tuple(Missing(expected, atom, _nearest(atom, calls)) for expected, atom in missing)
    return Result(case, (*told, *wrong), tuple(calls) if case.nothing_else else (), happened)


def _vars(
    case: Case, expected: Expected, happened: Sequence[Decided | Made], rules: Rules
) -> Iterator[Missing]:
    """What the vars of a conference, of the last one that did something if none is named, are
    otherwise than expected at that time."""
    until = case.start + expected.at + TOLERANCE
    known = [
        one.decision.conference
        for one in happened
        if isinstance(one, Decided)
        and one.event.at <= until
        and expected.conference in ("", one.event.conference)
    ]
    stored = known[-1].vars if known else {}
    found = {name: _listed(value) for name, value in memory.values(stored, rules.vars).items()}
    if any(found.get(name) != value for name, value in expected.params.items()):
        wanted = Atom(expected.at, expected.conference, "vars", "", expected.params)
        other = {name: found.get(name) for name in expected.params}
        yield Missing(expected, wanted, (Atom(expected.at, "", "vars", "", other),))


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _log_atoms(case: Case, happened: Sequence[Decided | Made]) -> Iterator[Atom]:
    for one in happened:
        if isinstance(one, Decided):
            for note in one.decision.notes:
                name = one.event.conference
                yield Atom(one.event.at - case.start, name, "log", "", {"text": note})


def _wanted(expected: Expected) -> Iterator[Atom]:
    for member in ("*",) if expected.members is None else expected.members or ("",):
        yield Atom(expected.at, expected.conference, expected.verb, member, expected.params)


def _meets(found: Atom, wanted: Atom, expected: Expected) -> bool:
    return (
        found.verb == wanted.verb
        and abs(found.at - wanted.at) <= TOLERANCE
        and (expected.members is None or found.member == wanted.member)
        and wanted.conference in ("", found.conference)
        and all(_says(found, key, value) for key, value in wanted.params.items())
    )


def _says(found: Atom, key: str, wanted: Any) -> bool:
    """Log lines begin with the name of their rule. A flag that was not written is false."""
    said = found.params.get(key, False if wanted is False else None)
    return (
        said.endswith(f": {wanted}") if found.verb == "log" else not list(differing(wanted, said))
    )


_NOTHING = object()


def differing(wanted: Any, found: Any, name: str = "") -> Iterator[str]:
    """The parts of what is wanted that are otherwise in what was found, as dotted names; of a
    mapping, only what is written is compared."""
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for key, value in wanted.items():
            yield from differing(value, found.get(key, _NOTHING), f"{name}.{key}".strip("."))
    elif isinstance(wanted, Sequence) and not isinstance(wanted, str) and _alike(wanted, found):
        for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from differing(one, other, f"{name}.{number}".strip("."))
    elif wanted != found:
        yield name


def _alike(wanted: Sequence[Any], found: Any) -> bool:
    """Lists that can be compared part by part."""
    is_list = isinstance(found, Sequence) and not isinstance(found, str)
    return is_list and len(wanted) == len(found)


def _nearest(wanted: Atom, calls: Sequence[Atom]) -> tuple[Atom, ...]:
    """What came of the same kind, or at the same time, that nothing else expected."""
    alike = [
        one for one in calls if one.verb == wanted.verb or abs(one.at - wanted.at) <= TOLERANCE
    ]
    alike.sort(key=lambda one: (one.verb != wanted.verb, abs(one.at - wanted.at)))
    return tuple(alike[:3])
