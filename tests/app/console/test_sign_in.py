"""Signing in: by password, by a link that works once; sessions, and brakes on guesses."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis

from app.console.access.links import Invitation, make_link
from app.console.access.local_path import local_path
from app.console.access.passwords import TRIES, network
from app.console.access.sessions import IDLE_SECONDS, LONGEST_SECONDS, Sessions
from app.factory import create_app
from app.operators.audit import Audit, Sought
from app.store import keys
from app.store.inbox import Inbox
from app.store.server.clock import redis_time
from tests.app.builders import settings
from tests.app.console.conftest import PASSWORD
from tests.app.console.person import TOKEN, Person

Visit = Callable[..., Person]


def test_the_root_leads_to_the_sign_in_and_later_to_what_is_live(visit: Visit) -> None:
    person = visit()
    assert person.get("/").headers["Location"] == "/login"
    assert person.sign_in(PASSWORD).headers["Location"] == "/live"
    assert person.get("/").headers["Location"] == "/live"
    assert "No conference is live" in person.get("/live").text


def test_a_wrong_password_gets_nobody_in(visit: Visit) -> None:
    person = visit()
    assert person.sign_in("not-" + PASSWORD).status_code == 401
    assert person.get("/live").headers["Location"] == "/login?next=%2Flive"


@pytest.mark.parametrize("guess", ["", "x" * 5000, "\0", "äöü"])
def test_odd_guesses_are_wrong_guesses(visit: Visit, guess: str) -> None:
    assert visit().sign_in(guess).status_code == 401


def test_where_one_wanted_to_go_is_where_one_gets(visit: Visit) -> None:
    person = visit()
    to_login = person.get("/live?q=town").headers["Location"]
    assert to_login == "/login?next=%2Flive%3Fq%3Dtown"
    assert 'name="next" value="/live?q=town"' in person.get(to_login).text
    assert person.sign_in(PASSWORD, next="/live?q=town").headers["Location"] == "/live?q=town"


@pytest.mark.parametrize(
    "text",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:x",
        "live",
        "/a\nb",
        "/" * 3000,
    ],
)
def test_nobody_is_led_elsewhere(visit: Visit, text: str) -> None:
    assert local_path(text) == ""
    assert visit().sign_in(PASSWORD, next=text).headers["Location"] == "/live"


def test_a_link_works_once_and_not_by_being_looked_at(visit: Visit, redis: Redis) -> None:
    link = make_link(redis, "", Invitation("Anna", "viewer"))
    person = visit()
    for _ in range(3):
        assert "You were sent a link" in person.get(link).text
    assert person.get("/live").status_code == 303
    assert person.open(link).headers["Location"] == "/live"
    assert "Anna" in person.get("/live").text
    assert visit().open(link).status_code == 401
    assert refused(redis) == ["a link for Anna, viewer, that was used before"]


def refused(redis: Redis) -> list[str]:
    entries, _ = Audit(redis).entries(Sought(verb="sign_in.refused"))
    return [one.object for one in reversed(entries)]


def test_a_link_ends_by_itself(visit: Visit, redis: Redis) -> None:
    link = make_link(redis, "", Invitation("Anna", "viewer"))
    (key,) = redis.keys("gavel:login:*")
    assert 450 < redis.ttl(key) <= 900
    redis.delete(key)  # as its end does
    assert visit().open(link).status_code == 401
    assert visit().open("/login?once=made-up").status_code == 401
    told = ["a link for Anna, viewer, that is too old", "a link that nobody made, or long ago"]
    assert refused(redis) == told
    assert "made-up" not in str(redis.xrange(keys.AUDIT))


def test_guessing_links_fills_no_audit_and_stops_no_link(visit: Visit, redis: Redis) -> None:
    person = visit()
    for number in range(TRIES + 3):
        assert person.open(f"/login?once=guess-{number}").status_code == 401
    assert len(refused(redis)) == TRIES
    assert person.sign_in_by_link().status_code == 303
    assert visit().sign_in(PASSWORD).status_code == 303


def test_guessing_is_braked_by_address_and_a_link_still_works(visit: Visit) -> None:
    person = visit()
    answers = [person.sign_in("wrong").status_code for _ in range(TRIES + 2)]
    assert answers == [401] * TRIES + [429, 429]
    assert person.sign_in(PASSWORD).status_code == 429
    assert person.sign_in_by_link().status_code == 303


def test_who_knows_it_is_not_counted(visit: Visit) -> None:
    person = visit()
    for _ in range(TRIES + 2):
        assert person.sign_in(PASSWORD).status_code == 303
        person.post("/logout", {"token": person.token()})


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("", ""),
    ],
)
def test_what_counts_as_one_guesser(address: str, counted: str) -> None:
    assert network(address) == counted


def test_a_session_ends_when_signed_out(visit: Visit) -> None:
    person = visit("viewer")
    cookie = person.client.get_cookie("gavel")
    assert cookie is not None
    assert person.post("/logout", {"token": person.token()}).status_code == 303
    person.client.set_cookie("gavel", cookie.value)
    assert person.get("/live").status_code == 303


def test_a_session_is_new_at_each_sign_in(visit: Visit, redis: Redis) -> None:
    person = visit("viewer")
    first = person.client.get_cookie("gavel")
    person.sign_in_by_link("admin")
    second = person.client.get_cookie("gavel")
    assert first is not None
    assert second is not None
    assert first.value != second.value
    assert len(redis.keys("gavel:session:*")) == 1


def test_a_session_has_two_ends(visit: Visit, redis: Redis) -> None:
    person = visit("viewer")
    (key,) = redis.keys("gavel:session:*")
    assert IDLE_SECONDS / 2 < redis.ttl(key) <= IDLE_SECONDS
    redis.expire(key, 100)
    person.get("/live", X_Fragment="main")
    assert redis.ttl(key) <= 100  # looking for news is no use
    person.get("/live")
    assert redis.ttl(key) > 100
    stored: Any = redis.get(key)
    kept = json.loads(stored)
    redis.set(key, json.dumps(kept | {"made_at": kept["made_at"] - LONGEST_SECONDS}))
    assert person.get("/live").status_code == 303


@pytest.mark.usefixtures("wrong_clock")
def test_a_session_ends_by_redis_clock_whichever_host_is_asked(visit: Visit, redis: Redis) -> None:
    person = visit()
    person.sign_in(PASSWORD)
    [key] = redis.keys(keys.session_of("*"))
    stored: Any = redis.get(key)
    kept = json.loads(stored)
    assert abs(kept["made_at"] - redis_time(redis)) < 600
    for left, status in ((600, 200), (-600, 303)):
        made_at = redis_time(redis) - LONGEST_SECONDS + left
        redis.set(key, json.dumps(kept | {"made_at": made_at}))
        assert person.get("/live").status_code == status


def test_a_new_password_ends_the_sessions_of_the_old_one(visit: Visit, redis: Redis) -> None:
    person = visit()
    person.sign_in(PASSWORD)
    by_link = visit("viewer")
    changed = settings(admin_password="quite-another-one", public_url="http://127.0.0.1")
    other = create_app(changed, Inbox(redis))
    for one, status in ((person, 303), (by_link, 200)):
        cookie = one.client.get_cookie("gavel")
        client = other.test_client()
        assert cookie is not None
        client.set_cookie("gavel", cookie.value)
        assert client.get("/live").status_code == status


def test_without_a_password_only_links_lead_in(redis: Redis) -> None:
    app = create_app(settings(public_url="http://127.0.0.1"), Inbox(redis))
    person = Person(app.test_client(), redis)
    assert "gavel login-link" in person.get("/login").text
    token = person.token("/login?once=x")
    assert person.post("/login", {"token": token, "password": ""}).status_code == 401
    assert person.sign_in_by_link().status_code == 303


def test_over_https_the_cookie_is_for_this_host_and_secure(redis: Redis) -> None:
    url = "https://gavel.example.com"
    client = create_app(settings(public_url=url), Inbox(redis)).test_client()
    link = make_link(redis, "", Invitation("Anna", "viewer"))
    page = client.get(link, base_url=url)
    assert page.headers["Set-Cookie"].startswith("__Host-gavel-form=")
    found = TOKEN.search(page.text)
    assert found
    fields = {"once": link.partition("=")[2], "token": found[1]}
    answer = client.post("/login/link", data=fields, base_url=url)
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-gavel=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert client.get("/live", base_url=url).status_code == 200


def test_a_console_with_an_address_of_its_own_is_signed_in_to_there(redis: Redis) -> None:
    url = "https://console.example.com"
    made = settings(public_url="https://gavel.example.com/base", console_url=url)
    client = create_app(made, Inbox(redis)).test_client()
    link = make_link(redis, "", Invitation("Anna", "admin"))
    found = TOKEN.search(client.get(link, base_url=url).text)
    assert found
    fields = {"once": link.partition("=")[2], "token": found[1]}
    browser = {"Origin": url}
    answer = client.post("/login/link", data=fields, base_url=url, headers=browser)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/live")
    page = client.get("/settings/access", base_url=url).text
    fields = {"token": TOKEN.findall(page)[0], "name": "Ben", "role": "viewer"}
    page = client.post("/settings/access/links", data=fields, base_url=url, headers=browser).text
    assert f"{url}/login?once=" in page
    refused = {"Origin": "https://gavel.example.com"}
    answer = client.post("/settings/access/links", data=fields, base_url=url, headers=refused)
    assert answer.status_code == 403


def test_a_plain_cookie_is_not_believed_where_the_service_is_on_https(
    visit: Visit, redis: Redis
) -> None:
    visit("admin")
    url = "https://gavel.example.com"
    client = create_app(settings(public_url=url), Inbox(redis)).test_client()
    id = Sessions(redis).begin("Anna", "admin")
    client.set_cookie("gavel", id, domain="gavel.example.com")
    assert client.get("/live", base_url=url).status_code == 303
    client.set_cookie("__Host-gavel", id, domain="gavel.example.com")
    assert client.get("/live", base_url=url).status_code == 200
