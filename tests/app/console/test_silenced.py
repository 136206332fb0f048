"""That every rule is silenced is said at the top: everywhere of one for all, there of one there."""

from collections.abc import Callable

import pytest
from redis import Redis

from app.domain.operator import Operator
from app.domain.silence import Silence, of_every_rule
from app.operators.silences import Silences
from app.store import keys
from tests.app.console.person import Person
from tests.app.console.test_live import HOSTILE, live

Visit = Callable[..., Person]
EVERYWHERE, HERE = "All rules are silenced everywhere until", "All rules are silenced here until"


def shows(person: Person, banner: str, name: str = "room") -> list[bool]:
    """Whether Live and the page of that conference do."""
    pages = ["/live", f"/c/{keys.conference_key(name)}"]
    return [banner in person.get(page).text for page in pages]


def test_a_silence_of_every_rule_is_a_banner_on_each_page_until_it_ends(
    visit: Visit, redis: Redis
) -> None:
    live(redis, "room")
    person = visit("viewer")
    made = Silences(redis).add(Operator("Anna", "cli"), seconds=3600, reason=HOSTILE)
    assert shows(person, EVERYWHERE) == [True, True]
    text = person.get("/live").text
    assert "UTC, by Anna: &lt;script&gt;" in text
    assert "<script>alert" not in text
    Silences(redis).end(Operator("Anna", "cli"), made.id)
    assert shows(person, EVERYWHERE) == [False, False]


def test_one_of_a_conference_is_said_there_and_one_of_a_rule_nowhere(
    visit: Visit, redis: Redis
) -> None:
    live(redis, "room")
    live(redis, "other")
    who, silences = Operator("Anna", "cli"), Silences(redis)
    silences.add(who, rule="Mute", seconds=60, reason="x")
    silences.add(who, seconds=60, reason="x", mode="dry_run")
    assert shows(visit("viewer"), "All rules are silenced") == [False, False]
    silences.add(who, conference="room", seconds=60, reason="x")
    assert shows(visit("viewer"), EVERYWHERE) == [False, False]
    assert shows(visit("viewer"), HERE) == [False, True]
    assert shows(visit("viewer"), HERE, "other") == [False, False]


@pytest.mark.parametrize(("now", "id"), [(0.0, "b"), (10.0, "b"), (20.0, "")])
def test_of_several_the_longest_counts_until_it_is_over(now: float, id: str) -> None:
    found = [
        Silence(id, "", "", until, "why", "Anna", "cli", 0.0)
        for id, until in (("a", 10.0), ("b", 20.0), ("c", 5.0))
    ]
    held = of_every_rule(found, "", now)
    assert (held.id if held else "") == id
