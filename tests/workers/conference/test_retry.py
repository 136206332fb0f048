"""From a failure to what is done about it: tables."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.plivo.builders import call
from workers.conference.errors import CallError, PlivoError
from workers.conference.retry import GiveUp, Gone, Repeat, Split, Unknown, retry
from workers.rules.vocabulary.actions import VERBS

NOW = 1010.0  # ten seconds after the event of the builder's call, fifty before it expires


def error(
    kind: Any = "temporary",
    sent: Any = "yes",
    status: int | None = 503,
    retry_after: float | None = None,
) -> PlivoError:
    return PlivoError("it failed", kind=kind, sent=sent, status=status, retry_after=retry_after)


RATE_LIMITED = error(status=429)
GONE = error("gone", status=404)


@pytest.mark.parametrize(
    ("failed", "attempt", "jitter", "delay"),
    [
        (error(), 1, 0.5, 0.25),
        (error(), 1, 0.0, 0.05),
        (error(), 2, 0.5, 0.5),
        (error(), 3, 0.5, 1.0),
        (error(), 6, 0.5, 7.5),
        (error(), 1000, 0.5, 7.5),
        (RATE_LIMITED, 1, 0.5, 0.5),
        (RATE_LIMITED, 2, 0.5, 1.0),
        (error(status=429, retry_after=7.0), 1, 0.5, 7.5),
        (error(status=429, retry_after=7.0), 9, 0.5, 7.5),
        (error(status=429, retry_after=0.0), 1, 0.5, 0.5),
        (error(sent="no", status=None), 1, 0.5, 0.25),
        (error(sent="maybe", status=None), 1, 0.5, 0.25),
    ],
)
def test_what_may_pass_is_tried_again_later(
    failed: CallError, attempt: int, jitter: float, delay: float
) -> None:
    verdict = retry(call("mute", "10"), failed, attempt, NOW, jitter)
    assert verdict == Repeat(NOW + delay, "it failed")


def test_nothing_is_tried_after_it_expired() -> None:
    verdict = retry(call("mute", "10"), error(), 3, 1059.9, 0.5)
    assert verdict == GiveUp("expired after 3 attempts: it failed")


def test_a_wait_beyond_the_expiry_is_not_waited_for() -> None:
    verdict = retry(call("mute", "10"), error(status=429, retry_after=60.0), 1, NOW, 0.0)
    assert verdict == GiveUp("expired after 1 attempt: it failed")


@pytest.mark.parametrize("verb", ["speak", "play"])
@pytest.mark.parametrize("failed", [error(sent="maybe", status=None), CallError.interrupted()])
def test_what_people_may_have_heard_is_not_repeated(verb: str, failed: CallError) -> None:
    verdict = retry(call(verb, "10"), failed, 1, NOW, 0.5)
    assert verdict == Unknown(str(failed))  # the words of the status say the rest


@pytest.mark.parametrize("verb", sorted(verb for verb in VERBS if VERBS[verb].safe))
def test_what_is_safe_is_repeated_after_an_unknown_outcome(verb: str) -> None:
    assert isinstance(retry(call(verb, "10"), CallError.interrupted(), 1, NOW, 0.5), Repeat)


def test_what_a_dead_worker_left_is_made_at_once_but_not_for_ever() -> None:
    died = CallError.interrupted()
    first, third = (retry(call("mute", "10"), died, attempt, NOW, 0.5) for attempt in (1, 3))
    assert isinstance(first, Repeat)
    assert isinstance(third, Repeat)
    assert first.at == NOW < third.at


@pytest.mark.parametrize("failed", [error(), RATE_LIMITED, error(sent="no", status=None)])
@pytest.mark.parametrize("verb", ["speak", "play"])
def test_what_was_certainly_not_heard_is_repeated(verb: str, failed: CallError) -> None:
    assert isinstance(retry(call(verb, "10"), failed, 1, NOW, 0.5), Repeat)


def test_what_will_never_work_is_given_up() -> None:
    assert retry(call(), error("permanent", status=400), 1, NOW, 0.5) == GiveUp("it failed")


@pytest.mark.parametrize(
    ("attempt", "now", "delay"),
    [(1, 1000.1, 0.3), (2, 1000.4, 0.6), (3, 1001.0, 1.2), (1, 1002.7, 0.3)],
)
def test_a_newcomer_who_is_not_known_yet_is_tried_again(
    attempt: int, now: float, delay: float
) -> None:
    verdict = retry(call("mute", "10"), GONE, attempt, now, 0.5)
    assert verdict == Repeat(now + delay, "perhaps not there yet: it failed")


@pytest.mark.parametrize(("attempt", "now"), [(1, 1002.8), (4, 1002.2), (5, 1002.0), (99, 1000.0)])
def test_later_it_means_gone(attempt: int, now: float) -> None:
    assert retry(call("mute", "10"), GONE, attempt, now, 0.5) == Gone("it failed")


def test_of_several_members_each_is_tried_alone() -> None:
    verdict = retry(call("mute", "10", "11"), GONE, 1, NOW, 0.5)
    assert verdict == Split("it failed")


def test_a_webhook_waits_longer_and_is_given_up_after_a_day() -> None:
    webhook = call("webhook", expires_at=None)
    assert retry(webhook, error(), 12, NOW, 0.5) == Repeat(NOW + 300.0, "it failed")
    assert isinstance(retry(webhook, error(), 99, NOW + 24 * 3600, 0.5), GiveUp)


@given(
    st.integers(1, 10**6),
    st.floats(0, 10**6),
    st.floats(0, 0.999),
    st.sampled_from([error(), RATE_LIMITED, GONE, error(retry_after=3.0)]),
)
def test_a_retry_is_always_ahead_and_never_past_the_expiry(
    attempt: int, now: float, jitter: float, failed: CallError
) -> None:
    verdict = retry(call("mute", "10"), failed, attempt, now, jitter)
    if isinstance(verdict, Repeat):
        assert now < verdict.at < 1060.0
