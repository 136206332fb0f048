"""The report of `gavel test` for people: a line a test, and for one that failed all that
happened in it."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.domain.conference import timer_said
from app.domain.durations import format_duration
from app.domain.event import Event
from workers.rules.engine.lasting.answers import said as answer_said
from workers.rules.engine.run import Run
from workers.rules.simulation.simulator import Made
from workers.rules.simulation.timeline import Atom, Missing, Report, Result, differing
from workers.rules.vocabulary.actions import ACTIONS

_SHOWN = ("digits", "from", "name", "recording_id", "verb", "error", "text", "gone")
_OUTCOMES = {"applied": "ran", "dry_run": "ran (dry run)"}


def render_report(report: Report, *, verbose: bool = False) -> str:
    """Every test on a line; below a failed one (all, when `verbose`) its timeline."""
    lines = []
    for result in report.results:
        lines.append(f"{'ok  ' if result.passed else 'FAIL'} {result.case.name}")
        if not result.passed or verbose:
            lines.extend(f"     {problem}" for problem in problems_of(report.path, result))
            lines.append("     what happened:")
            lines.extend(f"       {line}" for line in story(result))
    passed = sum(result.passed for result in report.results)
    lines.append(f"{passed} of {len(report.results)} passed")
    return "\n".join(lines) + "\n"


def story(result: Result) -> Iterator[str]:
    """Everything that happened in a test, one line each, with times since its start."""
    for one in result.happened:
        if isinstance(one, Made):
            when = _when(one.at - result.case.start)
            said = _call(one.call.verb, one.call.members, one.call.params)
            if not one.sent:
                yield f"{when}   never sent: {said}: {one.answer}"
                continue
            answer = f"   <- {one.answer}" if one.answer else ""
            yield f"{when}   -> {said}{answer}"
            continue
        when = _when(one.event.at - result.case.start)
        yield f"{when} {describe(one.event)}"
        for run in one.decision.runs:
            yield f"{' ' * len(when)}   {_run(run)}"
            yield from (f"{' ' * len(when)}     not done: {line}" for line in run.not_done)
        for note in one.decision.notes:
            yield f"{' ' * len(when)}   note: {note}"


def describe(event: Event) -> str:
    """An event on one line."""
    data = event.data
    if event.kind == "timer":
        return f"{timer_said(data['timer'])} in {event.conference}"
    who = f" member {data['member_id']}" if data.get("member_id") else ""
    done = event.kind == "step.done"
    kind = f"{data.get('verb', 'a step')} was done" if done else event.kind
    rest = ", ".join(
        f"{key} {data[key]}" for key in _SHOWN if key in data and not (done and key == "verb")
    )
    answer = data.get("response", {})
    if "size" in answer:
        rest = ", ".join(filter(None, (rest, answer_said(answer))))
    return f"{kind} in {event.conference}{who}" + (f" ({rest})" if rest else "")


def _run(run: Run) -> str:
    outcome = _OUTCOMES.get(run.outcome, run.outcome)
    return f"{run.rule}: {outcome}" + (f", {run.reason}" if run.reason else "")


def problems_of(path: str, result: Result) -> Iterator[str]:
    """What was missing or too much, a line each, with its place in the file."""
    for missing in result.missing:
        place = f"{path}:{missing.expected.line}:{missing.expected.column}"
        yield f"{place}: expected {_atom(missing.atom)}{_instead(missing)}"
    if any(map(_never_came, result.missing)) and _sent_away(result):
        yield (
            f"{path}:{result.case.line}: who is kicked or hung up leaves when the timeline says so:"
            " write their `member.exited`, or `conference.observed: {gone: true}`"
        )
    for atom in result.surplus:
        yield f"{path}:{result.case.line}: not expected: {_atom(atom)}"


def _instead(missing: Missing) -> str:
    if not missing.instead:
        return ", and nothing like it came"
    return ", came instead: " + "; ".join(
        _atom(atom) + _differs(missing.atom, atom) for atom in missing.instead
    )


def _differs(wanted: Atom, found: Atom) -> str:
    """Where the same call, long enough to be searched by eye, is otherwise than wanted."""
    names = [name for name in differing(wanted.params, found.params) if "." in name]
    return f" [differs in {', '.join(names)}]" if found.verb == wanted.verb and names else ""


def _never_came(missing: Missing) -> bool:
    return all(atom.verb != missing.atom.verb for atom in missing.instead)


def _sent_away(result: Result) -> bool:
    """A call sent people away, and nothing that happened says that they went."""
    made = [one.call for one in result.happened if isinstance(one, Made)]
    left = any(moment.what == "member.exited" for moment in result.case.moments)
    return not left and any(call.verb in ("kick", "hang_up") for call in made)


def _atom(atom: Atom) -> str:
    members = (atom.member,) if atom.member not in ("", "*") else ()
    text = f"at {format_duration(max(0.0, atom.at))} {_call(atom.verb, members, atom.params)}"
    return text + (f" in {atom.conference}" if atom.conference else "")


def _call(verb: str, members: tuple[str, ...], params: Mapping[str, Any]) -> str:
    who = f" {','.join(members)}" if members else ""
    carried = ACTIONS[verb].carries if verb in ACTIONS else ()
    said = ", ".join(f"{key} {value!r}" for key, value in params.items() if key not in carried)
    return f"{verb}{who}" + (f" ({said})" if said else "")


def _when(seconds: float) -> str:
    return format_duration(max(0.0, seconds)).rjust(10)
