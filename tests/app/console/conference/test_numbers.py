"""Telephone numbers: masked on every page, shown by a click that the audit tells, that once."""

from collections.abc import Callable

import pytest
from redis import Redis

from app.console.access.links import Invitation, make_link
from app.factory import create_app
from app.operators.audit import Audit, Sought
from app.store import keys
from app.store.inbox import Inbox
from tests.app.builders import settings
from tests.app.console.conference.test_story import WORDS, event, page
from tests.app.console.person import Person
from tests.app.console.test_live import HOSTILE, live

Visit = Callable[..., Person]
NUMBER, OTHER = "+14155550100", "+14155550177"
KEY = keys.conference_key("room")
PATH = f"/c/{KEY}/numbers"
EVERYWHERE = ("/live", f"/c/{KEY}", "/conferences", "/attention", "/settings/audit", "/rules")


@pytest.fixture(autouse=True)
def room(redis: Redis, publish: Callable[..., None]) -> None:
    """One member is in it, another one was, whose number is in the journal alone."""
    publish(words=WORDS)
    here = event("room", data={"member_id": "1", "from": NUMBER, "to": "+493012345678"})
    gone = event("room", data={"member_id": "2", "from": OTHER, "caller_name": HOSTILE})
    live(redis, "room", here, gone, uuid="u")


def audited(redis: Redis) -> list[tuple[str, str, str, str]]:
    entries, _ = Audit(redis).entries(Sought(verb="number.show"))
    return [(one.who, one.object, one.conference, one.reason) for one in entries]


def ask(person: Person, **fields: str) -> str:
    answer = person.post(PATH, {"token": person.token(), "instance": "u"} | fields)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_no_page_has_them_for_any_role(visit: Visit) -> None:
    for role in ("viewer", "operator", "admin"):
        person = visit(role)
        for path in EVERYWHERE:
            text = person.get(path).text
            assert "415555" not in text, path
        assert "…0100" in page(person, "room")


def test_an_operator_is_shown_them_once_and_the_audit_tells(visit: Visit, redis: Redis) -> None:
    person = visit("operator")
    assert "Show the numbers" in page(person, "room")
    text = ask(person, reason="she asked to be called back")
    for part in (NUMBER, OTHER, "+493012345678"):
        assert part in text
    assert "<script>alert" not in text
    assert audited(redis) == [("Anna", "of all 2", "room", "she asked to be called back")]
    assert "415555" not in page(person, "room")
    assert NUMBER not in str(redis.xrange(keys.AUDIT))


def test_that_of_one_member_alone_is_shown(visit: Visit, redis: Redis) -> None:
    text = ask(visit("operator"), member="2")
    assert (OTHER in text, NUMBER in text) == (True, False)
    assert [one[1] for one in audited(redis)] == ["of member 2"]


def test_no_cache_no_tag_and_no_link_leads_to_them(visit: Visit) -> None:
    person = visit("operator")
    answer = person.post(PATH, {"token": person.token(), "instance": "u"})
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers
    assert 'data-live=""' in answer.text  # the page does not ask for itself again
    assert person.get(PATH).status_code == 405
    tag = person.get(f"/c/{KEY}").headers["ETag"]
    again = person.post(PATH, {"token": person.token(), "instance": "u"}, If_None_Match=tag)
    assert (again.status_code, NUMBER in again.text) == (200, True)


def test_a_viewer_is_shown_none(visit: Visit, redis: Redis) -> None:
    person = visit("viewer")
    assert "Show the numbers" not in page(person, "room")
    answer = person.post(PATH, {"token": person.token(), "instance": "u"})
    assert (answer.status_code, "415555" in answer.text) == (403, False)
    assert audited(redis) == []


@pytest.mark.parametrize("path", [PATH, f"/c/{'x' * 22}/numbers"])
def test_where_none_is_known_nothing_is_audited(visit: Visit, redis: Redis, path: str) -> None:
    person = visit("operator")
    fields = {"token": person.token(), "instance": "u", "member": "99"}
    assert person.post(path, fields).status_code == 404
    assert audited(redis) == []


def test_of_another_instance_others_are_shown(visit: Visit, redis: Redis) -> None:
    """The member who is in now is not in the one that is over."""
    before = event("room", data={"member_id": "7", "from": "+14155550199"})
    redis.lpush(keys.journal(KEY), before.replace('"uuid":"u"', '"uuid":"old"'))
    text = ask(visit("operator"), instance="old")
    assert ("+14155550199" in text, NUMBER in text) == (True, False)


@pytest.fixture
def shown(redis: Redis) -> Callable[[str], Person]:
    """A browser before a console with NUMBERS=shown."""
    made = settings(public_url="http://127.0.0.1", numbers="shown")
    app = create_app(made, Inbox(redis))

    def visit(role: str) -> Person:
        person = Person(app.test_client(), redis)
        person.open(make_link(redis, "", Invitation("Ben", role)))
        return person

    return visit


def test_where_they_are_shown_who_may_act_sees_them_and_a_viewer_does_not(
    shown: Callable[[str], Person], redis: Redis
) -> None:
    live(redis, NUMBER)
    people = [(shown(role), role != "viewer") for role in ("viewer", "operator", "viewer", "admin")]
    for person, whole in people:  # in turn: what was made for one is not kept for the next
        assert (NUMBER in person.get("/live").text) == whole
        assert (NUMBER in page(person, "room")) == whole
        for other, sees in people:  # who looks for news is told of this one's look
            assert (NUMBER in other.get("/live", X_Fragment="main").text) == sees
        file = person.get("/conferences?format=csv").text
        assert (NUMBER in file) == whole


def test_what_a_browser_has_from_before_is_not_taken_for_the_same(
    visit: Visit, shown: Callable[[str], Person], redis: Redis
) -> None:
    masked, whole = visit("operator"), shown("operator")
    cookie = masked.client.get_cookie("gavel")
    assert cookie is not None
    whole.client.set_cookie("gavel", cookie.value)
    for path in ("/live", f"/c/{KEY}"):
        tag = whole.tag_of_the_same(path)
        assert masked.get(path, If_None_Match=tag).status_code == 200
