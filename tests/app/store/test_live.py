"""Which conferences are live beside one, as Redis has it."""

import pytest
from redis import Redis

from app.domain.event import MOST_NAMED, OthersLive
from app.store import keys
from app.store.live import others_live


def live(redis: Redis, *names: str) -> None:
    for at, name in enumerate(names):
        redis.zadd(keys.LIVE, {keys.conference_key(name): 1000 + at})
        redis.hset(keys.NAMES, keys.conference_key(name), name)


def test_the_newest_come_first_and_this_one_is_not_among_them(redis: Redis) -> None:
    live(redis, "a", "b", "é/c")
    assert others_live(redis, keys.conference_key("b")) == OthersLive(("é/c", "a"), 2)
    assert others_live(redis, keys.conference_key("new")) == OthersLive(("é/c", "b", "a"), 3)


def test_nothing_else_is_live(redis: Redis) -> None:
    assert others_live(redis, keys.conference_key("a")) == OthersLive((), 0)
    live(redis, "a")
    assert others_live(redis, keys.conference_key("a")) == OthersLive((), 0)


@pytest.mark.parametrize("own", ["c-0", "other"])
def test_names_are_bounded_and_the_count_is_not(redis: Redis, own: str) -> None:
    live(redis, *(f"c-{number}" for number in range(MOST_NAMED + 5)))
    found = others_live(redis, keys.conference_key(own))
    assert found.others is not None
    assert len(found.others) == MOST_NAMED
    assert found.count == MOST_NAMED + 5 - (own == "c-0")
    assert found.others[0] == f"c-{MOST_NAMED + 4}"
