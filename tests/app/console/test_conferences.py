"""Conferences: found by name, number, id and time, live and ended, also as a file."""

import csv
import io
import json
import time
from collections.abc import Callable

import pytest
from redis import Redis

from app.domain.conference import Conference, Past
from app.operators.reading import LOOKED_INTO, conferences
from app.store import keys
from app.store.commit import journal_line
from tests.app.console.person import Person
from tests.app.console.test_live import HOSTILE, live

Visit = Callable[..., Person]
NOW = 1_795_730_000.0


def ended(redis: Redis, name: str, at: float = NOW, **data: str) -> None:
    """A conference that is over, as the store keeps it."""
    key = keys.conference_key(name)
    redis.set(keys.conference(key), Conference(name, number=1, started_at=at).to_json())
    redis.zadd(keys.KNOWN, {key: at})
    redis.hset(keys.NAMES, key, name)
    event = {"id": f"evt-{name}", "kind": "member.entered", "uuid": f"uuid-{name}", "data": data}
    redis.rpush(keys.journal(key), journal_line(name, at, "event", event=event))


def names(person: Person, query: str) -> list[str]:
    """The names that the page lists, as JSON lines tell them."""
    answer = person.get(f"/conferences?format=jsonl&{query}")
    assert answer.status_code == 200, answer.text
    return [json.loads(line)["name"] for line in answer.text.splitlines()]


def test_live_and_ended_ones_are_listed_with_links(visit: Visit, redis: Redis) -> None:
    live(redis, "room", started_at=NOW)
    ended(redis, "standup", NOW - 60)
    person = visit("viewer")
    page = person.get("/conferences").text
    assert page.index(">room<") < page.index(">standup<")
    assert f"/c/{keys.conference_key('standup')}" in page
    told = names(person, ""), names(person, "state=live"), names(person, "state=ended")
    assert told == (["room", "standup"], ["room"], ["standup"])


@pytest.mark.parametrize(
    "q",
    [
        "STAND",
        "%2B14155550100",
        "(415) 555-0100",
        "555 0100",
        "evt-standup",
        "uuid-standup",
        "call-77",
    ],
)
def test_one_is_found_by_what_a_person_knows(visit: Visit, redis: Redis, q: str) -> None:
    ended(redis, "standup", **{"from": "+14155550100", "call_uuid": "call-77"})
    ended(redis, "other", **{"from": "+14155550199"})
    assert names(visit("operator"), f"q={q}") == ["standup"]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("%2B14155550100", ["standup", "to 14155550100"]),
        ("0014155550100", ["standup", "to 14155550100"]),
        ("0100", ["standup", "to 14155550100"]),
        ("…0100", ["standup", "to 14155550100"]),
        ("1415", []),
        ("1415555010", []),
        ("55550100", []),
        ("50100", []),
        ("14155", []),
        ("to 1415", []),
        ("room 415", ["room 415"]),
        ("evt-standup", ["standup"]),
    ],
)
def test_a_viewer_finds_no_number_by_its_parts(
    visit: Visit, redis: Redis, q: str, found: list[str]
) -> None:
    ended(redis, "standup", **{"from": "+14155550100", "text": "call 14155550100"})
    ended(redis, "to 14155550100", NOW - 1)
    ended(redis, "room 415", NOW - 2)
    shown = [name.replace("14155550100", "…0100") for name in found]
    assert names(visit("viewer"), f"q={q}") == shown


def test_a_viewer_finds_no_number_in_the_names_of_what_is_live(visit: Visit, redis: Redis) -> None:
    live(redis, "to 14155550100", started_at=NOW)
    viewer, anna = visit("viewer"), visit("operator")
    assert ">to …0100<" in anna.get("/live?q=1415555").text
    assert ">to …0100<" not in viewer.get("/live?q=1415555").text
    for whole in ("14155550100", "0100"):
        assert ">to …0100<" in viewer.get(f"/live?q={whole}").text


def test_too_short_a_number_is_a_part_of_a_name_only(visit: Visit, redis: Redis) -> None:
    ended(redis, "room-0", **{"from": "+14155550100"})
    assert names(visit("viewer"), "q=010") == []
    assert "four digits" in visit("viewer").get("/conferences?q=010").text


def test_times_bound_when_they_were_heard_of(visit: Visit, redis: Redis) -> None:
    for minute in range(3):
        ended(redis, f"room-{minute}", NOW + 60 * minute)
    person = visit("viewer")
    first, second = (time.strftime("%Y-%m-%dT%H:%M", time.gmtime(NOW + s)) for s in (60, 120))
    assert names(person, f"from={second}") == ["room-2"]
    assert "room-0" in names(person, f"to={first}")
    assert names(person, f"to={first}&from={second}") == []
    assert person.get("/conferences?from=yesterday").status_code == 400


def test_who_looks_further_sees_each_once(redis: Redis) -> None:
    for number in range(130):
        ended(redis, f"room-{number}", NOW + number // 7)
    seen, cursor = [], ""
    while True:
        found, cursor = conferences(redis, cursor=cursor, limit=40)
        seen += [one.name for one in found]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 130


def test_a_search_ends_after_so_many_journals_and_goes_on_from_there(
    visit: Visit, redis: Redis
) -> None:
    last = LOOKED_INTO + 9
    for number in range(last + 1):
        ended(redis, f"room-{number}", NOW - number, **{"from": f"+1415555{number:04}"})
    person = visit("operator")
    page = person.get(f"/conferences?q=1415555{last:04}").text
    assert "was found among those looked at" in page
    further = page.partition('id="further" href="')[2].partition('"')[0]
    assert f">room-{last}<" in person.get(further.replace("&amp;", "&")).text


def test_the_page_of_an_empty_service_says_what_would_fill_it(visit: Visit) -> None:
    assert "/plivo/answer/NAME" in visit("viewer").get("/conferences").text


def test_hostile_names_are_text_in_the_page_and_no_formula_in_a_file(
    visit: Visit, redis: Redis
) -> None:
    ended(redis, HOSTILE.replace("\x1b", ""))
    ended(redis, '=cmd|"/c calc"!A1', NOW - 1)
    person = visit("viewer")
    page = person.get("/conferences").text
    assert "<img" not in page
    answer = person.get("/conferences?format=csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert rows[1]["name"].startswith("'=cmd")
    assert person.get("/conferences?format=exe").status_code == 400


def test_when_one_ended_is_told_beside_when_it_was_heard_of(visit: Visit, redis: Redis) -> None:
    ended(redis, "standup", NOW + 600)
    past = (Past(1, "u", NOW, NOW + 22),)
    state = Conference("standup", number=1, started_at=NOW, past=past)
    redis.set(keys.conference(keys.conference_key("standup")), state.to_json())
    redis.incr(keys.COMMITS)
    row = visit("viewer").get("/conferences").text.partition(">standup<")[2].partition("</tr>")[0]
    assert "2026-11-26 21:53:42</span>" in row
    assert "2026-11-26 22:03:20</time>" in row
