"""Silences: kept with an end, a reason and an owner, and in the audit."""

from dataclasses import replace
from typing import Any

import pytest
from redis import Redis

from app.domain.operator import Operator
from app.domain.silence import Silence, read_silences
from app.errors import Unusable
from app.operators.audit import Audit
from app.operators.silences import KEPT, LONGEST, MOST, Silences
from app.store import keys
from app.store.published_rules import Published

ANNA = Operator("anna", "cli", "desk")


def silence(**changes: Any) -> Silence:
    made = Silence("sil-1", "Mute", "sales-1", 100.0, "noise", "anna", "cli", 1.0)
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("changes", "covered"),
    [
        ({}, True),
        ({"rule": ""}, True),
        ({"conference": ""}, True),
        ({"rule": "mute"}, False),
        ({"conference": "sales-*"}, False),
        ({"until": 50.0}, False),
    ],
)
def test_what_a_silence_covers(changes: dict[str, Any], covered: bool) -> None:
    assert silence(**changes).covers("Mute", "sales-1", 50.0) is covered


def test_it_says_who_until_when_and_why() -> None:
    assert silence().said == "silenced by anna until 1970-01-01 00:01:40 UTC: noise"


def test_how_a_rule_runs_is_kept_and_said() -> None:
    dry = silence(mode="dry_run")
    assert dry.said.startswith("made a dry run by anna until")
    assert Silence.from_json(dry.to_json()) == dry
    assert "mode" not in silence().to_json()  # older workers read it


def test_asked_twice_with_a_key_it_is_one_and_a_key_is_for_one_thing(redis: Redis) -> None:
    wish: dict[str, Any] = {"rule": "Mute", "seconds": 60.0, "reason": "noise", "key": "k"}
    made = Silences(redis).add(ANNA, **wish)
    assert Silences(redis).add(ANNA, **wish) == made
    with pytest.raises(Unusable, match="another silence"):
        Silences(redis).add(ANNA, **wish | {"mode": "real"})
    other = Silences(redis).add(replace(ANNA, name="ben"), **wish)
    assert Silences(redis).all() == [made, other]
    assert len(Audit(redis).entries()[0]) == 2


def test_what_can_not_be_read_is_left_out() -> None:
    assert read_silences([b"{}", b"x", silence().to_json()]) == (silence(),)


def test_one_is_kept_listed_and_ended_and_the_audit_tells_both(redis: Redis) -> None:
    made = Silences(redis).add(ANNA, rule="Mute", seconds=3600.0, reason=" too \n loud ")
    assert Silences(redis).all() == [made]
    assert (made.reason, made.conference, made.who) == ("too loud", "", "anna")
    assert made.until - made.made_at == pytest.approx(3600.0)
    assert Silences(redis).end(ANNA, made.id, "quiet now")
    assert Silences(redis).all() == []
    assert not Silences(redis).end(ANNA, made.id)
    entries, more = Audit(redis).entries()
    assert [(one.verb, one.who, one.address, one.reason) for one in entries] == [
        ("unsilence", "anna", "desk", "quiet now"),
        ("silence", "anna", "desk", "too loud"),
    ]
    assert more == ""


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"seconds": 0.0}, "1s to 7d"),
        ({"seconds": LONGEST + 1}, "1s to 7d"),
        ({"reason": "  "}, "say why"),
        ({"reason": "x" * 501}, "at most 500"),
        ({"rule": "Mutt"}, "did you mean 'Mute'?"),
    ],
)
def test_an_end_a_reason_and_a_rule_are_demanded(
    redis: Redis, wanted: dict[str, Any], why: str
) -> None:
    given: dict[str, Any] = {"rule": "Mute", "seconds": 60.0, "reason": "x"}
    with pytest.raises(Unusable, match=why.replace("?", r"\?")):
        Silences(redis).add(ANNA, **(given | wanted), rules=Published(rules={"id": "Mute"}))
    assert redis.exists(keys.SILENCES, keys.AUDIT) == 0


def test_there_is_a_bound_and_what_ended_long_ago_makes_room(redis: Redis) -> None:
    for number in range(MOST):
        old = silence(id=f"sil-{number}", until=1.0)
        redis.hset(keys.SILENCES, old.id, old.to_json())
    kept = Silences(redis).add(ANNA, seconds=60.0, reason="x")
    assert redis.hlen(keys.SILENCES) == 1
    for number in range(MOST - 1):
        recent = silence(id=f"sil-{number}", until=kept.made_at - KEPT / 2)
        redis.hset(keys.SILENCES, recent.id, recent.to_json())
    with pytest.raises(Unusable, match="200 silences"):
        Silences(redis).add(ANNA, seconds=60.0, reason="x")


def test_two_ends_at_once_are_one_entry(redis: Redis) -> None:
    made = Silences(redis).add(ANNA, seconds=60.0, reason="x")
    assert [Silences(redis).end(ANNA, made.id) for _ in range(2)] == [True, False]
    assert redis.xlen(keys.AUDIT) == 2
