"""What a rule costs: `decide` for one event with 1,000 rules of which 3 apply, beside those 3.

`python -m bench.rules_cost` prints microseconds per event and the ratio, which should stay below
3: when the rules that do not apply are for other conferences and triggers, and when they all wait
for the same in every conference and differ by `match` or by `if`. Then whole turns of a worker with
200 rules: that the journal tells why rules did not run should cost at most 5 % (`bench.turn_cost`).
"""

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from app.domain.conference import Conference
from app.domain.event import Event
from bench.turn_cost import SHARE, telling
from workers.rules.engine.decide import decide
from workers.rules.engine.index import Rules
from workers.rules.load import load
from workers.rules.vocabulary.model import Unknown

LIMIT = 3.0
KINDS = ("member.entered", "conference.started", "{member.digits: '*1'}", "member.exited")


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds for one event."""

    what: str
    alone: float
    among: float

    @property
    def ratio(self) -> float:
        return self.among / self.alone


def rules_of(others: int) -> Rules:
    """Three rules for the conference `town-1`, amid so many for other conferences."""
    lines = ["version: 1", "rules:"]
    for number in range(others + 3):
        applies = number % ((others + 3) // 3) == 0 and number // ((others + 3) // 3) < 3
        conference = "town-*" if applies else f"other-{number}-*"
        lines += [
            f"  - name: rule {number}",
            f"    when: {KINDS[0] if applies else KINDS[number % len(KINDS)]}",
            f"    match: {{conference: '{conference}', member.from: '+1*'}}"
            if applies or KINDS[number % len(KINDS)] != "conference.started"
            else f"    match: {{conference: '{conference}'}}",
            "    do:",
            "      - log: 'entered {{ conference.name }}'",
        ]
    return load("\n".join(lines) + "\n", "rules.yaml")


def rules_that_differ(others: int, by: str) -> Rules:
    """Three rules that apply, amid so many that differ by one value only."""
    lines = ["version: 1", "rules:"]
    step = (others + 3) // 3
    for number in range(others + 3):
        applies = number % step == 0 and number < 3 * step
        caller = "14155550100" if applies else f"1999{number:07}"
        lines += [f"  - name: rule {number}", "    when: member.entered"]
        if by == "match":
            lines += [f"    match: {{conference: '*', member.from: '+{caller}'}}"]
        elif by == "glob":
            lines += [f"    match: {{conference: '*', member.from: '+{caller}*'}}"]
        else:
            lines += ["    match: {conference: '*'}", f"    if: member.from == '{caller}'"]
        lines += ["    do:", "      - log: 'entered {{ conference.name }}'"]
    return load("\n".join(lines) + "\n", "rules.yaml")


def entered(number: int) -> Event:
    data = {"member_id": str(number), "from": "14155550100", "call_uuid": f"call-{number}"}
    return Event(f"evt-{number}", "member.entered", "town-1", 1e9 + number, "uuid-1", data)


def deciding(rules: Rules) -> Callable[[int], None]:
    conference = decide(Conference.new("town-1"), [entered(1)], rules, 1e9 + 1).conference

    def once(number: int) -> None:
        decide(conference, [entered(number)], rules, 1e9 + number)

    return once


def matching(rules: Rules) -> Callable[[int], None]:
    fields = {"conference": {"name": "town-1"}, "member": {"from": "14155550100"}}

    def once(number: int) -> None:
        for _, rule, _ in rules.candidates("member.entered", "town-1"):
            try:
                if rule.match is not None:
                    rule.match.refuses(fields)
            except Unknown:
                continue

    return once


def microseconds(once: Callable[[int], None], events: int) -> float:
    """The median of five rounds."""
    rounds = []
    for _ in range(5):
        started = time.perf_counter()
        for number in range(2, events + 2):
            once(number)
        rounds.append((time.perf_counter() - started) / events * 1e6)
    return statistics.median(rounds)


def costs(rules: int = 1000, events: int = 2000) -> list[Cost]:
    few, many = rules_of(0), rules_of(rules - 3)
    found = [
        Cost(what, microseconds(made(few), events), microseconds(made(many), events))
        for what, made in (("candidates and match", matching), ("decide", deciding))
    ]
    for by in ("match", "if"):
        alone, among = (rules_that_differ(others, by) for others in (0, rules - 3))
        cost = microseconds(deciding(alone), events), microseconds(deciding(among), events)
        found.append(Cost(f"decide, rules that differ by {by}", *cost))
    return found


def main() -> None:
    worst = 0.0
    one_by_one = microseconds(deciding(rules_that_differ(497, "glob")), 200)
    print(f"decide, 500 rules that differ by a glob, asked one by one: {one_by_one:.0f} us")
    for cost in costs():
        worst = max(worst, cost.ratio)
        print(
            f"{cost.what}: {cost.alone:.1f} us with 3 rules, {cost.among:.1f} us with 1,000 "
            f"of which 3 apply: {cost.ratio:.2f}x (at most {LIMIT:g}x)"
        )
    told = telling()
    print(
        f"a turn with 200 rules, 197 of them for other conferences: {told.told:.0f} us where the "
        f"journal tells of those, {told.untold:.0f} us where not: {told.ratio:.3f}x "
        f"(at most {SHARE:g}x)"
    )
    sys.exit(worst > LIMIT or told.ratio > SHARE)


if __name__ == "__main__":
    main()
