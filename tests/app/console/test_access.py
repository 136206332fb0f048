"""Who may do what: every route without a sign-in, with too small a role, with a forged form."""

from collections.abc import Callable, Iterator
from threading import BoundedSemaphore, Thread

import pytest
from flask import Flask
from redis import Redis
from werkzeug.routing import Rule

from app.console import blueprint as console
from app.console.access.guard import HEADERS
from app.console.access.roles import OPEN, ROLES, ROUTES, may
from app.factory import create_app, http_error
from app.store.inbox import Inbox
from app.store.published_rules import PublishedRules
from tests.app.builders import settings
from tests.app.console.person import Person

Visit = Callable[..., Person]
NOT_OURS = {
    "callbacks.callback",
    "answer.answer",
    "answer.pin",
    "triggers.trigger",
    "health.healthz",
    "health.readyz",
    "metrics.instance",
    "metrics.of_all",
    "openapi.openapi",
}
"""Routes for machines, which know no sign-in."""


def app_of(redis: Redis) -> Flask:
    return create_app(settings(public_url="http://127.0.0.1"), Inbox(redis))


def routes(app: Flask, prefix: str = "console.") -> Iterator[tuple[Rule, str]]:
    """Each rule with an address that it answers."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith(prefix):
            values = dict.fromkeys(rule.arguments, "x" * 22)
            with app.test_request_context():
                built = app.url_map.bind("127.0.0.1").build(rule.endpoint, values)
            yield rule, built


def test_every_route_is_in_the_table_or_for_machines(redis: Redis) -> None:
    endpoints = {rule.endpoint for rule in app_of(redis).url_map.iter_rules()}
    assert {one for one in endpoints if one.startswith("console.")} == set(ROUTES)
    assert {one for one in endpoints if not one.startswith(("console.", "api."))} <= NOT_OURS


def test_nothing_but_the_sign_in_is_open() -> None:
    names = {"home", "asset", "login", "sign_in", "use_link", "to_issuer", "from_issuer"}
    assert {one for one, role in ROUTES.items() if role == OPEN} == {f"console.{n}" for n in names}


def test_without_a_sign_in_every_route_leads_to_it(redis: Redis) -> None:
    app = app_of(redis)
    for rule, address in routes(app):
        if ROUTES[rule.endpoint] == OPEN:
            continue
        method = "POST" if "POST" in (rule.methods or ()) else "GET"
        answer = app.test_client().open(address, method=method)
        assert (answer.status_code, answer.headers["Location"][:6]) == (303, "/login"), address
        assert app.test_client().get(address, headers={"X-Fragment": "main"}).status_code in (
            401,
            405,
        )


@pytest.mark.parametrize("role", [*ROLES, "nobody", ""])
def test_too_small_a_role_is_refused_everywhere(visit: Visit, redis: Redis, role: str) -> None:
    person = visit(role or "none")
    app = person.client.application
    for rule, address in routes(app):
        needed = ROUTES[rule.endpoint]
        if needed == OPEN or may(role, needed):
            continue
        method = "POST" if "POST" in (rule.methods or ()) else "GET"
        assert person.client.open(address, method=method).status_code == 403, (role, address)


@pytest.mark.parametrize("token", ["", "forged", "ä", None])
def test_a_forged_form_changes_nothing(visit: Visit, token: str | None) -> None:
    person = visit("admin")
    for rule, address in routes(person.client.application):
        if "POST" in (rule.methods or ()):
            fields = {} if token is None else {"token": token}
            assert person.post(address, fields).status_code == 403, address
    assert person.get("/live").status_code == 200


def test_the_token_of_another_session_is_forged(visit: Visit) -> None:
    other = visit("admin").token()
    assert visit("admin").post("/logout", {"token": other}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
    ],
)
def test_a_form_from_elsewhere_is_refused_with_the_right_token(
    visit: Visit, headers: dict[str, str]
) -> None:
    person = visit("admin")
    fields = {"token": person.token()}
    assert person.client.post("/logout", data=fields, headers=headers).status_code == 403
    assert person.get("/live").status_code == 200


def test_a_form_from_our_own_address_is_taken(visit: Visit) -> None:
    person = visit("admin")
    headers = {"Origin": "http://localhost"}  # where the test's browser is
    answer = person.client.post("/logout", data={"token": person.token()}, headers=headers)
    assert answer.status_code == 303


@pytest.mark.parametrize("path", ["/", "/login", "/live", "/console/console.css"])
def test_every_answer_has_the_headers(visit: Visit, path: str) -> None:
    answer = visit("viewer").get(path)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert answer.headers["Cache-Control"] == "no-store"
    assert "'unsafe-" not in HEADERS["Content-Security-Policy"]


def test_no_page_has_a_style_or_a_script_in_it(visit: Visit) -> None:
    person = visit("viewer")
    for path in ("/login", "/live"):
        text = person.get(path).text
        assert "<style" not in text
        assert "style=" not in text
        assert text.count("<script") == text.count("<script src=")
        assert " on" not in "".join(part.partition(">")[0] for part in text.split("<")[1:]).replace(
            " once", ""
        )


def test_style_and_script_are_kept_by_the_browser(visit: Visit) -> None:
    person = visit("viewer")
    for part in person.get("/live").text.split('"'):
        if part.startswith("/console/"):
            answer = person.get(part)
            assert (answer.status_code, "immutable" in answer.headers["Cache-Control"]) == (
                200,
                True,
            )
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_machines_know_no_cookie_and_the_console_no_token(visit: Visit) -> None:
    person = visit("admin")
    assert person.post("/triggers/x", {"token": person.token()}).status_code == 401
    assert person.client.post("/plivo/conference", data={}).status_code in (400, 403)
    bearer = {"Authorization": "Bearer a-token-for-triggers"}
    assert visit().client.get("/live", headers=bearer).status_code == 303


def test_who_finds_no_place_is_told_to_ask_again_and_machines_are_answered(redis: Redis) -> None:
    places = BoundedSemaphore(1)
    rules = PublishedRules(redis)
    app = Flask("gavel")
    made = settings(public_url="http://127.0.0.1")
    app.register_blueprint(console.blueprint(made, Inbox(redis), rules, places, http_error))
    places.acquire()
    answer = app.test_client().get("/login")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert 'http-equiv="refresh"' in answer.text
    assert app.test_client().get("/console/none.css").status_code == 404
    places.release()
    assert app.test_client().get("/login").status_code == 200


def test_every_place_is_given_back(visit: Visit) -> None:
    person = visit("viewer")
    for path in ("/live", "/login", "/", "/console/none") * 5:
        assert person.get(path).status_code in (200, 303, 404), path
    for _ in range(5):
        assert person.post("/logout", {}).status_code == 403
    threads = [Thread(target=person.client.application.test_client().get, args=("/login",))]
    for thread in threads:
        thread.start()
        thread.join()
    assert person.get("/live").status_code == 200


def test_when_redis_is_away_a_page_says_so(visit: Visit, redis: Redis) -> None:
    person = visit("viewer")
    redis.lpush("gavel:commits", "what can not be read")
    answer = person.get("/live")
    assert (answer.status_code, "Redis" in answer.text) == (503, True)
