"""What is refused, and addresses where nothing is: told on a page, with a way back."""

from collections.abc import Callable

import pytest
from redis import Redis

from app.store import keys
from tests.app.console.person import Person
from tests.app.console.test_live import live

Visit = Callable[..., Person]
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
KEY = keys.conference_key("town-hall")


@pytest.mark.parametrize(
    ("path", "back"),
    [
        ("/settings", "/settings/doctor"),
        ("/foo", "/live"),
        (f"/c/{KEY}/numbers", f"/c/{KEY}"),
        (f"/c/{KEY}/act", f"/c/{KEY}"),
    ],
)
def test_an_address_where_nothing_is_has_a_page_for_people(
    visit: Visit, path: str, back: str
) -> None:
    person = visit("viewer")
    answer = person.get(path, Accept=BROWSER)
    assert answer.status_code in (404, 405)
    assert answer.content_type.startswith("text/html")
    assert 'id="missing"' in answer.text
    assert f'href="{back}"' in answer.text
    assert "Content-Security-Policy" in answer.headers
    away = visit().get(path, Accept=BROWSER)
    assert (away.status_code, away.headers["Location"].partition("?")[0]) == (303, "/login")


@pytest.mark.parametrize(
    ("path", "accept"), [("/foo", "*/*"), ("/plivo/foo", BROWSER), ("/api/v1/foo", BROWSER)]
)
def test_programs_are_answered_as_before(visit: Visit, path: str, accept: str) -> None:
    answer = visit("viewer").get(path, Accept=accept)
    assert (answer.status_code, answer.is_json) == (404, True)


def test_the_pages_of_missing_addresses_leave_the_fence(visit: Visit) -> None:
    person = visit("viewer")
    assert {person.get("/foo", Accept=BROWSER).status_code for _ in range(20)} == {404}
    assert person.get("/live").status_code == 200


def test_a_refusal_leads_back_and_keeps_what_was_typed(visit: Visit, redis: Redis) -> None:
    live(redis, "town-hall")
    person, page = visit("admin"), f"/c/{KEY}?i=uuid-town-hall"
    wrong = {"token": person.token(), "typed": "other", "reason": "it is <b>late</b>"}
    came = f"http://localhost{page}"
    answer = person.post(f"/c/{KEY}/hang-up", wrong, Referer=came)
    assert answer.status_code == 400
    assert f'id="back" href="{page}"' in answer.text
    assert "it is &lt;b&gt;late&lt;/b&gt;" in answer.text
    for elsewhere in ("https://evil.example/x", "http://localhost//evil.example", "http://[", ""):
        answer = person.post(f"/c/{KEY}/hang-up", wrong, Referer=elsewhere)
        assert 'id="back"' not in answer.text


def test_what_is_too_long_to_be_said_is_told_in_words(visit: Visit, redis: Redis) -> None:
    live(redis, "town-hall")
    person = visit("operator")
    said = {"token": person.token(), "do": "speak", "to": "all", "text": "x" * 20_000}
    answer = person.post(f"/c/{KEY}/act", said)
    assert answer.status_code == 400
    assert "20,000 characters, and at most 3,000 can be said at once" in answer.text
    assert "x" * 20_000 in answer.text
