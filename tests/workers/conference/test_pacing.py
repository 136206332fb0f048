"""When calls go out by the pacing and the real budget script: simulated on a driven clock."""

import heapq
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from redis import Redis

from workers.conference.budget import Budget, Granted
from workers.conference.pacing import LONGEST, Spending, bearable, spacing

START = 1_700_000_000.0
CALLS, SECONDS = 300, 5.0
AT_ONCE = 50

Arrival = tuple[float, str]


@dataclass
class Outcome:
    """`waits`: (conference, entry, seconds until its call); `sent`: when calls went out."""

    waits: list[tuple[str, float, float]] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)

    def part(self, share: float, *, conference: str = "") -> float:
        """The wait in seconds that this share of the entries does not exceed."""
        waits = sorted(wait for name, _, wait in self.waits if name.startswith(conference))
        return waits[min(len(waits) - 1, int(share * len(waits)))]

    def last_after(self, conference: str = "") -> float:
        """Seconds from the last entry to the last call."""
        chosen = [(at, wait) for name, at, wait in self.waits if name.startswith(conference)]
        return max(at + wait for at, wait in chosen) - max(at for at, _ in chosen)

    def most_in(self, seconds: float) -> int:
        return max(sum(at <= other < at + seconds for other in self.sent) for at in self.sent)


class Line:
    """Conferences whose entries become calls, one at a time each, as a worker makes them."""

    def __init__(self, budget: Budget, answer_after: float) -> None:
        self.budget, self.answer_after = budget, answer_after
        self.waiting: dict[str, list[float]] = defaultdict(list)
        self.busy: set[str] = set()  # a call is under way, or it is known when to look again
        self.sent_at: dict[str, float] = {}
        self.spending = Spending(CALLS, SECONDS)
        self.outcome = Outcome()

    def run(self, arrivals: Sequence[Arrival]) -> Outcome:
        queue = [(at, number, "entry", name) for number, (at, name) in enumerate(arrivals)]
        heapq.heapify(queue)
        while queue:
            now, _, what, name = heapq.heappop(queue)
            if what == "entry":
                self.waiting[name].append(now)
            else:
                self.busy.discard(name)
            if self.waiting[name] and name not in self.busy:
                self.busy.add(name)
                heapq.heappush(queue, (self.next_look(name, now), len(queue) + 10**6, "", name))
        return self.outcome

    def next_look(self, name: str, now: float) -> float:
        """Send what waits if it may go out now; when this conference is to be looked at again."""
        together = self.sent_at.get(name, float("-inf")) + spacing(self.spending)
        if together > now:
            return together
        answer = self.budget.reserve(0, name, now=START + now)
        self.spending = answer.spending
        if not isinstance(answer, Granted):
            return now + answer.seconds
        gone, self.waiting[name] = self.waiting[name][:AT_ONCE], self.waiting[name][AT_ONCE:]
        self.outcome.waits += [(name, at, now - at) for at in gone]
        self.outcome.sent.append(now)
        self.sent_at[name] = now
        return now + self.answer_after


@pytest.fixture
def budget(redis: Redis) -> Budget:
    return Budget(redis, CALLS, SECONDS)


def steady(rate: float, conferences: int, seconds: float) -> Iterator[Arrival]:
    """Entries at random moments, `rate` a second, into conferences at random."""
    draw, at = random.Random(int(rate)), 0.0
    while (at := at + draw.expovariate(rate)) < seconds:
        yield at, f"room-{draw.randrange(conferences)}"


def filling(conferences: int, seconds: float, entries: int) -> Iterator[Arrival]:
    """Conferences that fill at the same time."""
    for number in range(entries):
        yield number * seconds / entries, f"room-{number % conferences}"


@pytest.mark.parametrize("rate", [10, 20, 30])
def test_up_to_half_of_the_budget_nothing_waits(budget: Budget, rate: int) -> None:
    outcome = Line(budget, 0.02).run(list(steady(rate, 20, 12)))
    assert outcome.part(0.98) == 0.0
    assert outcome.part(0.999) <= 0.02  # a call of the same conference was under way


@pytest.mark.parametrize(("rate", "p90"), [(40, 0.0), (50, 0.1)])
def test_near_the_budget_few_wait(budget: Budget, rate: int, p90: float) -> None:
    outcome = Line(budget, 0.02).run(list(steady(rate, 20, 12)))
    assert outcome.part(0.5) == 0.0
    assert outcome.part(0.9) <= p90


def test_what_cannot_be_merged_goes_out_while_there_are_slots(budget: Budget) -> None:
    outcome = Line(budget, 0.02).run([(n / 58, f"room-{n}") for n in range(696)])
    assert outcome.part(1.0) == 0.0


@pytest.mark.parametrize("seconds", [0.8, 1.0, 1.2, 1.5])
def test_fifty_rooms_that_fill_at_once_are_muted_soon_and_within_the_budget(
    budget: Budget, seconds: float
) -> None:
    outcome = Line(budget, 0.15).run(list(filling(50, seconds, 1000)))
    assert outcome.last_after() <= 1.0
    assert outcome.most_in(SECONDS) <= CALLS * 0.7


def test_rooms_that_fill_for_long_leave_the_others_their_calls(budget: Budget) -> None:
    draw = random.Random(7)
    others = [(draw.uniform(0, 6), f"other-{n}") for n in range(20)]
    outcome = Line(budget, 0.15).run([*filling(50, 6.0, 6000), *others])
    assert outcome.most_in(SECONDS) <= CALLS
    assert outcome.part(1.0, conference="other") <= 0.25
    assert outcome.part(0.99, conference="room") <= LONGEST[1]


def test_one_room_that_fills_is_not_held_back(budget: Budget) -> None:
    outcome = Line(budget, 0.02).run(list(filling(1, 1.0, 1000)))
    assert outcome.part(1.0) <= 0.0201


def test_the_slots_that_are_kept_are_not_counted_as_bearable() -> None:
    full = Spending(100, 5.0, used=95, returns=((0, 2.0), (45, 3.0), (95, 4.0)))
    assert bearable(full) == 0.0
    assert spacing(full) == 0.0  # nobody spends
    busy = Spending(100, 5.0, 95, recent=10, conferences=2, returns=full.returns)
    assert LONGEST[0] < spacing(busy) < LONGEST[1]


def test_what_comes_back_soon_may_be_spent() -> None:
    steady_state = tuple((part * 63, part * 1.25 + 0.01) for part in range(5))
    assert spacing(Spending(300, 5.0, 252, recent=50, conferences=20, returns=steady_state)) == 0.0
