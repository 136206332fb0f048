"""Recordings: listed, looked at, opened by those who may, also as a file."""

import html
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from redis import Redis

from app.domain.recording import RecordingChange
from app.operators.audit import Audit, Sought
from app.store import keys
from app.store.questions import next_question
from app.store.recordings import Recordings
from tests.app.console.person import Person
from tests.app.console.test_live import HOSTILE
from tests.app.store.test_recordings import commit
from workers.questions import answer_questions
from workers.rules.load import load

Visit = Callable[..., Person]
NUMBER = "+14155550177"
URL = "https://media.example/r1.mp3"
BEGAN = time.time()


def recorded(
    redis: Redis, id: str, conference: str = "sales-1", ago: float = 0.0, **more: object
) -> None:
    """A recording that is ready, as commits store it."""
    at = BEGAN - ago
    known = {"state": "ready", "url": URL, "duration": 75.0, "conference": conference, **more}
    change = RecordingChange(id, known | {"started_at": at}, {"heard_at": at})
    commit(redis, change, conference=conference)


def at(ago: float) -> str:
    """As the form writes it."""
    return datetime.fromtimestamp(BEGAN - ago, UTC).strftime("%Y-%m-%dT%H:%M")


def one(id: str, page: str = "one") -> str:
    return f"/recordings/{page}?{urlencode({'id': id})}"


def ids(person: Person, **query: str) -> list[str]:
    """Those that the page lists, as JSON lines tell them."""
    answer = person.get(f"/recordings?{urlencode(query | {'format': 'jsonl'})}")
    assert answer.status_code == 200, answer.text
    return [json.loads(line)["id"] for line in answer.text.splitlines()]


def test_they_are_listed_the_newest_first_and_found(visit: Visit, redis: Redis) -> None:
    recorded(redis, "r1", ago=7200)
    recorded(redis, "r2", "board-1", ago=3600, state="missing", url="")
    recorded(redis, "r3", ago=60)
    Recordings(redis).change("r3", archived_to="s3://acme/r3.mp3")
    person = visit("viewer")
    assert ids(person) == ["r3", "r2", "r1"]
    assert ids(person, conference="board-1") == ids(person, state="missing") == ["r2"]
    assert (ids(person, state="archived"), ids(person, state="not_archived")) == (["r3"], ["r1"])
    assert (ids(person, q="board"), ids(person, q="R1")) == (["r2"], ["r1"])
    assert ids(person, to=at(1800)) == ["r2", "r1"]
    assert ids(person, **{"from": at(5400), "to": at(1800), "q": "-1"}) == ["r2"]
    page = person.get("/recordings").text
    assert "s3://acme/r3.mp3" in page
    assert "1:15" in page
    assert URL not in page
    assert "No recording of that kind" in person.get("/recordings?conference=nope").text
    for wrong in ("from=soon", "to=soon", "state=broken"):
        assert person.get(f"/recordings?{wrong}").status_code == 400
    assert person.get("/recordings?cursor=x").status_code == 400


@pytest.mark.parametrize(
    ("q", "for_viewers"),
    [
        (NUMBER, True),
        ("(1) 415-555-0177", True),
        ("0177", True),
        ("…0177", True),
        ("50177", False),
        ("1415", False),
        ("1415555017", False),
        ("4155550177", False),
    ],
)
def test_a_viewer_finds_no_number_by_its_parts(
    visit: Visit, redis: Redis, q: str, for_viewers: bool
) -> None:
    recorded(redis, "r1", members=[{"id": "7", "from": NUMBER}])
    recorded(redis, "r2", f"to {NUMBER}", ago=1)
    assert ids(visit("viewer"), q=q) == (["r1", "r2"] if for_viewers else [])
    assert "r1" in ids(visit("operator"), q=q)
    page = visit("viewer").get(f"/recordings?{urlencode({'q': q})}").text
    assert ("/recordings/one?id=r1" in page) == for_viewers


def test_a_view_is_an_address(visit: Visit, redis: Redis) -> None:
    for number in range(60):
        recorded(redis, f"r{number:02d}", ago=number, members=[{"id": "7", "from": NUMBER}])
    asked = {"q": "0177", "state": "ready", "from": at(3600), "to": at(-60)}
    page = visit("viewer").get(f"/recordings?{urlencode(asked)}").text
    for name, value in asked.items():
        assert f'name="{name}" value="{value}"' in page or f'value="{value}" selected' in page
    links = [html.unescape(part.split('"')[0]) for part in page.split('href="')[1:]]
    kept = [dict(parse_qsl(urlsplit(link).query)) for link in links if "q=0177" in link]
    assert len(kept) == 3  # further back, CSV, JSON lines
    assert all(asked.items() <= one.items() for one in kept)


def test_nothing_recorded_yet_says_how_to(visit: Visit) -> None:
    assert "Nothing was recorded yet" in visit("viewer").get("/recordings").text


def test_further_back_goes_on_where_the_list_ended(visit: Visit, redis: Redis) -> None:
    for number in range(60):
        recorded(redis, f"r{number:02d}", ago=number)
    person = visit("viewer")
    page = person.get("/recordings").text
    following = page.split('id="further" href="')[1].split('"')[0].replace("&amp;", "&")
    rest = person.get(f"{following}&format=jsonl").text.splitlines()
    assert [json.loads(line)["id"] for line in rest] == [f"r{n:02d}" for n in range(50, 60)]


def test_one_tells_who_was_there_what_was_said_and_why(visit: Visit, redis: Redis) -> None:
    recorded(
        redis,
        "r1",
        members=[{"id": "7", "from": NUMBER}],
        transcript=f"Good morning.\nCall me at {NUMBER}.",
        transcript_state="ready",
        rule="Record it",
        api_id="api-77",
    )
    page = visit("operator").get(one("r1")).text
    for said in ("Good morning.", "Call me at …0177.", "Record it", "api-77", "…0177"):
        assert said in page, said
    assert NUMBER not in page
    assert f"/c/{keys.conference_key('sales-1')}" in page
    seen = visit("viewer").get(one("r1")).text
    assert "Good morning." not in seen
    assert "Operators may read it." in seen


def test_a_copy_that_is_made_meanwhile_is_news(visit: Visit, redis: Redis) -> None:
    recorded(redis, "r1")
    person = visit("viewer")
    tag = person.tag_of_the_same(one("r1"))
    Recordings(redis).change("r1", archive_error="the bucket refuses us")
    assert "the bucket refuses us" in person.get(one("r1"), If_None_Match=tag).text


def test_one_whose_copy_failed_is_copied_again(visit: Visit, redis: Redis) -> None:
    recorded(redis, "r1", archive_error="the bucket is not there")
    person = visit("operator")
    assert "Copy it where the rules say" in person.get(one("r1")).text
    fields = {"token": person.token(one("r1")), "id": "r1", "reason": "there now"}
    asked = person.post("/recordings/archive", fields)
    assert asked.status_code == 303
    where = asked.headers["Location"].removeprefix("http://127.0.0.1").partition("#")[0]
    assert "A worker is asked" in person.get(where).text
    rule = {"name": "Keep", "when": "recording.ready"}
    step = {"archive": {"to": "s3://acme/{{ recording.id }}"}}
    answer_questions(
        redis, load(json.dumps({"version": 1, "rules": [rule | {"do": [step]}]}), ""), ""
    )
    page = person.get(where).text
    assert "asked for" in page
    assert "s3://acme/r1" in page
    assert "start <code>gavel recordings-worker</code>" in page
    [entry], _ = Audit(redis).entries(Sought(verb="archive"))
    assert (entry.who, entry.how, entry.reason) == ("Anna", "console", "there now")
    recorded(redis, "r2")
    assert "s3://acme" not in person.get(where.replace("id=r1", "id=r2")).text
    assert person.get(f"{one('r1')}&asked=nothing").status_code == 200


def test_who_may_not_act_or_comes_from_elsewhere_has_nothing_copied(
    visit: Visit, redis: Redis
) -> None:
    recorded(redis, "r1")
    recorded(redis, "r2", archived_to="s3://acme/r2.mp3")
    viewer, anna = visit("viewer"), visit("operator")
    assert "Copy it where" not in viewer.get(one("r1")).text
    assert "Copy it where" not in anna.get(one("r2")).text
    token = viewer.token()
    assert viewer.post("/recordings/archive", {"token": token, "id": "r1"}).status_code == 403
    assert anna.post("/recordings/archive", {"token": "x", "id": "r1"}).status_code == 403
    unknown = {"token": anna.token(), "id": "nope"}
    assert anna.post("/recordings/archive", unknown).status_code == 404
    assert next_question(redis) is None


def test_operators_are_led_to_the_audio_and_that_is_noted(visit: Visit, redis: Redis) -> None:
    recorded(redis, "r1")
    led = visit("operator").get(one("r1", "audio"), Sec_Fetch_Site="same-origin")
    assert (led.status_code, led.headers["Location"]) == (303, URL)
    [entry], _ = Audit(redis).entries(Sought(verb="recording.open"))
    assert (entry.who, entry.object, entry.conference) == ("Anna", "r1", "sales-1")


@pytest.mark.parametrize(
    ("role", "site", "url", "status"),
    [
        ("viewer", "same-origin", URL, 403),
        ("operator", "cross-site", URL, 403),
        ("operator", "same-origin", "javascript:alert(1)", 404),
        ("operator", "same-origin", "file:///etc/passwd", 404),
        ("operator", "same-origin", "", 404),
    ],
)
def test_nobody_else_is_led_anywhere(
    visit: Visit, redis: Redis, role: str, site: str, url: str, status: int
) -> None:
    recorded(redis, "r1", url=url)
    answer = visit(role).get(one("r1", "audio"), Sec_Fetch_Site=site)
    assert answer.status_code == status
    assert "Location" not in answer.headers
    assert Audit(redis).entries(Sought(verb="recording.open"))[0] == []


def test_hostile_texts_are_texts(visit: Visit, redis: Redis) -> None:
    texts = ("rule", "api_id", "transcript", "archived_to", "archive_error", "transcript_error")
    members = [{"id": HOSTILE, "from": HOSTILE}]
    recorded(redis, HOSTILE, HOSTILE, members=members, **dict.fromkeys(texts, HOSTILE))
    person = visit("operator")
    for page in ("/recordings", one(HOSTILE)):
        answer = person.get(page)
        assert answer.status_code == 200
        assert "<img" not in answer.text
        assert "<script>" not in answer.text.replace('<script src="', "")


@pytest.mark.parametrize("id", ["", "nope", "../etc", "\x00"])
def test_one_that_is_not_known_is_said(visit: Visit, id: str) -> None:
    assert visit("operator").get(one(id)).status_code == 404
