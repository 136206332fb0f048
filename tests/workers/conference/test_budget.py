"""The account's budget on a real Valkey, mostly with a driven clock."""

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from workers.conference.budget import (
    GRANT_SECONDS,
    LOW_SHARE,
    MARGIN,
    MOST_AHEAD,
    RECONCILE,
    SLOW_START,
    TRIP_AFTER,
    UNANSWERED_FOR,
    Budget,
    Granted,
    Wait,
)
from workers.conference.errors import PlivoError
from workers.conference.pacing import MEASURED

SHARED_SERVER = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)
START = 1_700_000_000.0
TEN_IN_A_SECOND = 1.0 + MARGIN
DOWN = PlivoError("down", kind="temporary", sent="yes", status=503)
SILENT = PlivoError("no answer", kind="temporary", sent="maybe")
GONE = PlivoError("gone", kind="gone", sent="yes", status=404)


@pytest.fixture
def budget(redis: Redis) -> Budget:
    """Ten calls a second."""
    return Budget(redis, 10, 1.0)


def grants(budget: Budget, many: int, at: float, priority: int = 0) -> int:
    """How many of `many` different conferences are granted a call at `at`."""
    answers = [budget.reserve(priority, f"c{priority}-{i}", now=at) for i in range(many)]
    return sum(isinstance(answer, Granted) for answer in answers)


def wait(budget: Budget, priority: int, who: str, at: float) -> float:
    answer = budget.reserve(priority, who, now=at)
    assert isinstance(answer, Wait)
    return answer.seconds


def test_the_budget_is_spent_to_the_last_call_and_no_further(budget: Budget) -> None:
    assert grants(budget, 20, START) == 10


def test_a_call_is_free_again_when_one_leaves_the_window(budget: Budget) -> None:
    grants(budget, 1, START)
    grants(budget, 9, START + 0.5)
    assert wait(budget, 0, "late", START + 0.6) == pytest.approx(TEN_IN_A_SECOND - 0.6, abs=1e-5)
    assert wait(budget, 0, "late", START + TEN_IN_A_SECOND - 0.0001) > 0
    assert isinstance(budget.reserve(0, "late", now=START + TEN_IN_A_SECOND), Granted)
    assert wait(budget, 0, "later", START + TEN_IN_A_SECOND) > 0


def test_the_answer_says_how_full_the_window_is(budget: Budget) -> None:
    used = [budget.reserve(0, f"c{i}", now=START).spending.used for i in range(12)]
    assert used == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10]


def test_the_answer_says_who_filled_the_window_lately_and_when_it_empties(redis: Redis) -> None:
    budget = Budget(redis, 10, 5.0)
    moments = (0.0, 0.6, 1.2, 1.8, 1.9)
    for number, moment in enumerate(moments):
        spending = budget.reserve(0, f"c{number % 2}", now=START + moment).spending
    assert (spending.used, spending.recent, spending.conferences) == (5, 4, 2)
    assert [slots for slots, _ in spending.returns] == [0, 1, 2, 3, 5]
    leaves = [after for _, after in spending.returns]
    assert leaves == pytest.approx([at + 5.0 + MARGIN - 1.9 for at in moments], abs=1e-5)


def test_an_almost_empty_window_is_not_looked_into(budget: Budget) -> None:
    spending = budget.reserve(0, "c", now=START).spending
    assert (spending.recent, spending.returns) == (0, ())


def test_redis_own_clock_is_used_when_none_is_given(budget: Budget, redis: Redis) -> None:
    assert [type(budget.reserve(0, f"c{i}")) for i in range(12)] == [Granted] * 10 + [Wait] * 2


def test_what_was_sent_counts_by_the_given_clock_however_slow_we_are(
    budget: Budget, redis: Redis
) -> None:
    grants(budget, 10, START)
    left = redis.pttl("gavel:budget:sent")
    assert 1000 * TEN_IN_A_SECOND * 10 < left <= 60_000


def test_at_a_low_rate_who_called_before_is_forgotten(redis: Redis) -> None:
    budget = Budget(redis, 300, 5.0)
    sizes = set()
    for number in range(60):
        assert isinstance(budget.reserve(0, f"c{number}", now=START + number * 0.5), Granted)
        sizes.add(redis.zcard("gavel:budget:spenders"))
    assert max(sizes) <= MEASURED / 0.5 + 1


def test_many_threads_share_one_budget(redis: Redis) -> None:
    def ask(thread: int) -> list[bool]:
        mine = Budget(redis, 100, 1.0)
        return [isinstance(mine.reserve(0, f"{thread}-{i}", now=START), Granted) for i in range(50)]

    with ThreadPoolExecutor(8) as pool:
        granted = [one for answers in pool.map(ask, range(8)) for one in answers]
    assert sum(granted) == 100


def test_first_come_first_served(budget: Budget) -> None:
    grants(budget, 10, START)
    waits = [wait(budget, 0, who, START + 0.1) for who in ("a", "b", "c")]
    assert waits == sorted(waits)
    free = START + TEN_IN_A_SECOND
    again = [budget.reserve(0, f"new{i}", now=free) for i in range(10)]
    assert [type(one) for one in again] == [Granted] * 7 + [Wait] * 3
    assert all(isinstance(budget.reserve(0, who, now=free), Granted) for who in ("c", "b", "a"))


def test_a_lower_class_takes_no_slot_that_a_higher_one_waits_for(budget: Budget) -> None:
    grants(budget, 9, START)
    grants(budget, 1, START + 0.5, priority=1)
    wait(budget, 1, "speak", START + 0.6)
    wait(budget, 0, "mute", START + 0.7)
    free = START + TEN_IN_A_SECOND
    for i in range(8):
        assert isinstance(budget.reserve(1, f"speak{i}", now=free), Wait) == (i >= 7)
    assert isinstance(budget.reserve(0, "mute", now=free), Granted)


def test_who_does_not_come_back_loses_the_place(budget: Budget) -> None:
    grants(budget, 10, START)
    wait(budget, 0, "ghost", START + 0.1)
    free = START + TEN_IN_A_SECOND
    assert grants(budget, 10, free) == 9
    assert grants(budget, 10, free + 1.01) == 1


def test_who_waits_in_another_class_than_before_waits_once(budget: Budget) -> None:
    grants(budget, 10, START)
    wait(budget, 0, "a", START + 0.1)
    wait(budget, 1, "a", START + 0.2)
    assert grants(budget, 10, START + TEN_IN_A_SECOND) == 10


def test_reconciling_leaves_the_last_fifth_to_others(budget: Budget) -> None:
    assert grants(budget, 20, START, priority=2) == 10 * LOW_SHARE
    assert grants(budget, 20, START) == 2


def test_reconciling_gets_its_trickle_however_busy_the_others_are(redis: Redis) -> None:
    seen = run(Budget(redis, 10, 1.0), {0: 30, 2: 2}, seconds=10.0)
    low = [at for at, priority in seen if priority == 2]
    assert len(low) >= 8
    assert max(b - a for a, b in pairwise(low)) < 1.5


def test_a_slot_that_is_owed_to_reconciling_is_kept_for_it(budget: Budget) -> None:
    grants(budget, 1, START)
    grants(budget, 9, START + 0.5)
    wait(budget, 2, "reconcile", START + 0.6)
    free = START + TEN_IN_A_SECOND
    assert wait(budget, 0, "mute", free) > 0
    assert isinstance(budget.reserve(2, "reconcile", now=free), Granted)


def test_a_full_queue_spends_the_whole_budget_on_what_matters_first(redis: Redis) -> None:
    seen = run(Budget(redis, 50, 1.0), {0: 120, 1: 40}, seconds=10.0)
    spent = Counter(priority for _, priority in seen)
    assert spent[0] >= 0.95 * 50 * 10 / TEN_IN_A_SECOND
    assert spent[1] <= 50
    assert_window(seen, 50, 1.0)


def test_late_comers_cost_little_of_the_budget(redis: Redis) -> None:
    seen = run(Budget(redis, 50, 1.0), {0: 120}, seconds=10.0, late=0.1)
    assert len(seen) >= 0.85 * 50 * 10 / TEN_IN_A_SECOND


def run(
    budget: Budget, askers: dict[int, int], seconds: float, late: float = 0.001
) -> list[tuple[float, int]]:
    """Askers of each class who always want one more call and come back when they were told to,
    `late` seconds after. Returns when which class was granted a call."""
    queue = [
        (START + i * 1e-4, priority, f"{priority}-{i}")
        for priority, many in askers.items()
        for i in range(many)
    ]
    heapq.heapify(queue)
    seen: list[tuple[float, int]] = []
    while queue and queue[0][0] < START + seconds:
        at, priority, who = heapq.heappop(queue)
        answer = budget.reserve(priority, who, now=at)
        if isinstance(answer, Granted):
            seen.append((at, priority))
            heapq.heappush(queue, (at + 0.01, priority, who))
        else:
            heapq.heappush(queue, (at + answer.seconds + late, priority, who))
    return seen


def assert_window(seen: Sequence[tuple[float, int]], calls: int, seconds: float) -> None:
    """Never more than `calls` in any window; checked at each grant, where windows are fullest."""
    times = sorted(at for at, _ in seen)
    for i in range(len(times) - calls):
        assert times[i + calls] - times[i] >= seconds


STEPS = st.lists(
    st.tuples(
        st.floats(-0.05, 0.6),  # seconds since the step before; clocks step back, too
        st.integers(0, 2),
        st.sampled_from("abcdef"),
    ),
    max_size=120,
)


@settings(max_examples=60, suppress_health_check=SHARED_SERVER)
@given(steps=STEPS, calls=st.integers(1, 5))
def test_no_window_ever_holds_more_than_the_budget(
    redis: Redis, steps: list[tuple[float, int, str]], calls: int
) -> None:
    redis.flushall()
    budget = Budget(redis, calls, 1.0)
    now = START
    seen: list[tuple[float, int]] = []
    for pause, priority, who in steps:
        now += pause
        answer = budget.reserve(priority, who, now=now)
        if isinstance(answer, Granted):
            seen.append((max([now, *(at for at, _ in seen)]), priority))
        else:
            assert 0 < answer.seconds <= 2.0
    assert_window(seen, calls, 1.0)


def asked(redis: Redis) -> int:
    """How often Redis was asked to run a script."""
    return int(redis.info("commandstats").get("cmdstat_evalsha", {}).get("calls", 0))


def test_who_calls_often_gets_slots_ahead_and_uses_them_before_asking_again(redis: Redis) -> None:
    budget = Budget(redis, 300, 5.0)
    before = asked(redis)
    assert grants(budget, 40, START) == 40
    assert asked(redis) - before < 20
    assert 40 <= redis.llen("gavel:budget:sent") <= 40 + MOST_AHEAD


def test_who_calls_seldom_gets_none_ahead(redis: Redis) -> None:
    budget = Budget(redis, 300, 5.0)
    for number in range(20):
        assert grants(budget, 1, START + number * GRANT_SECONDS) == 1
    assert redis.llen("gavel:budget:sent") == 20


def test_a_slot_got_ahead_is_not_used_when_it_is_too_old(redis: Redis) -> None:
    budget = Budget(redis, 300, 5.0)
    grants(budget, 8, START)
    sent = redis.llen("gavel:budget:sent")
    assert sent > 8
    assert grants(budget, 1, START + GRANT_SECONDS + 0.01) == 1
    assert redis.llen("gavel:budget:sent") == sent + 1


def test_reconciling_and_a_window_that_fills_get_none_ahead(redis: Redis) -> None:
    budget = Budget(redis, 50, 5.0)
    assert grants(budget, 20, START, priority=RECONCILE) == 20
    assert redis.llen("gavel:budget:sent") == 20
    assert grants(budget, 20, START) == 20
    assert redis.llen("gavel:budget:sent") == 40


def test_who_used_a_slot_got_ahead_counts_among_those_that_spent(redis: Redis) -> None:
    budget = Budget(redis, 100, 5.0)
    for number in range(60):
        spending = budget.reserve(0, f"c{number}", now=START).spending
    assert spending.conferences == 60


@settings(max_examples=30, suppress_health_check=SHARED_SERVER)
@given(
    bursts=st.lists(
        st.tuples(st.sampled_from((0.001, 0.02, 0.09)), st.integers(0, 2), st.integers(1, 40)),
        min_size=4,
        max_size=16,
    ),
    calls=st.integers(30, 80),
)
def test_no_window_holds_more_than_the_budget_with_slots_got_ahead(
    redis: Redis, bursts: list[tuple[float, int, int]], calls: int
) -> None:
    redis.flushall()
    processes = [Budget(redis, calls, 1.0) for _ in range(2)]
    now = START
    used: list[float] = []
    for number, (pause, priority, many) in enumerate(bursts):
        now += pause
        used += [now] * grants(processes[number % 2], many, now, priority)
    for first, last in zip(used, used[calls:], strict=False):
        assert last - first > 1.0


@settings(max_examples=60, suppress_health_check=SHARED_SERVER)
@given(steps=STEPS)
def test_whoever_comes_back_when_told_is_granted_in_the_end(
    redis: Redis, steps: list[tuple[float, int, str]]
) -> None:
    redis.flushall()
    budget = Budget(redis, 3, 1.0)
    now = START
    for pause, priority, who in steps:
        now += abs(pause)
        budget.reserve(priority, who, now=now)
    for _ in range(20):
        answer = budget.reserve(1, "me", now=now)
        if isinstance(answer, Granted):
            return
        now += answer.seconds
    pytest.fail("still waiting after 20 rounds")


def test_a_clock_that_went_far_back_stops_nothing_for_good(budget: Budget) -> None:
    grants(budget, 20, START)
    back = START - 3600
    assert grants(budget, 10, back) == 0
    assert grants(budget, 10, back + TEN_IN_A_SECOND + 0.1) == 10


def fail(budget: Budget, times: int, at: float, error: PlivoError = DOWN) -> None:
    for _ in range(times):
        budget.observe(error, now=at)


def test_an_api_that_is_down_gets_one_call_a_second(budget: Budget) -> None:
    fail(budget, TRIP_AFTER, START)
    assert [grants(budget, 20, START + s) for s in (0.5, 1.0, 1.5, 2.0, 2.5)] == [0, 1, 0, 1, 0]


def test_nine_failures_in_a_row_are_not_down(budget: Budget) -> None:
    fail(budget, TRIP_AFTER - 1, START)
    budget.reserve(0, "a", now=START)
    budget.observe(None, now=START)
    fail(budget, TRIP_AFTER - 1, START)
    assert grants(budget, 20, START) == 9


def test_calls_that_time_out_together_do_not_hold_up_those_that_are_answered(
    redis: Redis,
) -> None:
    budget = Budget(redis, 300, 5.0)
    for tenth in range(20):
        now = START + tenth / 10
        fail(budget, TRIP_AFTER, now, SILENT)
        assert isinstance(budget.reserve(0, "other", now=now), Granted)
        if tenth % 5 == 0:
            budget.observe(None, now=now)
    fail(budget, TRIP_AFTER - 1, START + 2.6, SILENT)
    fail(budget, 1, START + 2.6)
    assert isinstance(budget.reserve(0, "other", now=START + 2.7), Wait)


def test_a_clock_that_went_back_does_not_keep_the_fuse_from_tripping(budget: Budget) -> None:
    fail(budget, TRIP_AFTER, START, SILENT)
    back = START - 3600
    fail(budget, 1, back, SILENT)
    fail(budget, TRIP_AFTER, back + UNANSWERED_FOR, SILENT)
    assert grants(budget, 20, back + UNANSWERED_FOR + 0.5) == 0


@pytest.mark.parametrize("answered", [None, GONE])
def test_after_the_first_success_the_budget_opens_slowly(
    redis: Redis, answered: PlivoError | None
) -> None:
    budget = Budget(redis, 300, 5.0)
    fail(budget, TRIP_AFTER, START)
    back = START + 1.0
    assert grants(budget, 100, back) == 1
    budget.observe(answered, now=back)
    first_second = sum(grants(budget, 400, back + 0.1 * i) for i in range(10))
    assert 2 <= first_second <= 12
    assert isinstance(budget.reserve(0, "c0-399", now=back + SLOW_START + 5.3), Granted)
    assert grants(budget, 400, back + SLOW_START + 5.3) >= 200


def test_one_that_is_just_back_is_doubted_sooner(budget: Budget) -> None:
    fail(budget, TRIP_AFTER, START)
    grants(budget, 1, START + 1.0)
    budget.observe(None, now=START + 1.0)
    fail(budget, 3, START + 1.5)
    assert grants(budget, 20, START + 2.0) == 0


def test_all_workers_see_the_same_health(redis: Redis) -> None:
    one, other = Budget(redis, 10, 1.0), Budget(redis, 10, 1.0)
    fail(one, 5, START)
    fail(other, 5, START)
    assert grants(other, 5, START + 0.5) == 0
    assert isinstance(other.reserve(0, "probe", now=START + 1.0), Granted)
    other.observe(None, now=START + 1.0)
    assert isinstance(one.reserve(0, "c0-0", now=START + 1.5), Granted)


@pytest.fixture(autouse=True)
def nothing_is_left_behind(redis: Redis) -> Iterator[None]:
    """Every key of the budget expires."""
    yield
    for key in redis.scan_iter("gavel:budget:*"):
        assert redis.pttl(key) != -1
