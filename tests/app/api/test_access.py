"""Who gets in: one table of routes and scopes, and everything that is not a good token."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from redis import Redis

from app.api.access import ASKS, NEEDS
from app.domain.operator import Operator
from app.factory import create_app
from app.operators.tokens import SCOPES, Tokens
from app.store import keys
from app.store.inbox import Inbox
from tests.app.builders import TRIGGER_TOKEN, settings

KEY = keys.conference_key("sales-1")
ANNA = Operator("anna", "cli")
Token = Callable[[str], dict[str, str]]


@pytest.fixture
def client(redis: Redis, publish: Callable[..., None]) -> FlaskClient:
    publish(rules={"r1": "Mute"}, by_hand=["mute", "speak", "hang_up", "record", "kick"])
    redis.hset(keys.NAMES, KEY, "sales-1")
    return create_app(settings(web_threads=2), Inbox(redis)).test_client()


@pytest.fixture
def token(redis: Redis) -> Token:
    def make(scope: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {Tokens(redis).new(ANNA, scope, scope)[1]}"}

    return make


def routes(client: FlaskClient) -> list[tuple[str, str, str]]:
    """Endpoint, method and address of every route of the admin API."""
    return [
        (rule.endpoint, method, rule.rule.replace("<key>", KEY).replace("<id>", "sil-0"))
        for rule in client.application.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"})
        if rule.rule.startswith("/api")
    ]


def test_every_route_is_in_the_table_and_the_table_has_no_other(client: FlaskClient) -> None:
    assert {endpoint for endpoint, _, _ in routes(client)} == set(NEEDS)
    assert set(NEEDS.values()) <= set(SCOPES)


def test_the_document_tells_of_every_parameter(client: FlaskClient) -> None:
    document: Any = client.get("/openapi.json").json
    paths = document["paths"]
    for endpoint, method, _ in routes(client):
        rule = next(r for r in client.application.url_map.iter_rules() if r.endpoint == endpoint)
        path = re.sub(r"<(?:path:)?(\w+)>", r"{\1}", rule.rule)
        told = paths[path][method.lower()]["parameters"]
        names = {one["name"] for one in told if one["in"] == "query"} - {"numbers"}
        assert names == set(ASKS.get(endpoint, ())), endpoint


def test_a_parameter_that_is_not_known_is_refused(client: FlaskClient, token: Token) -> None:
    reader = token("read")
    for path, said in (
        ("recordings?sate=ready", "no parameter 'sate' here; did you mean 'state'?"),
        ("processes?q=x", "no parameter 'q' here"),
        (f"conferences/{KEY}?numbers=masked&limit=2", "no parameter 'limit' here"),
    ):
        answer = client.get(f"/api/v1/{path}", headers=reader)
        assert answer.status_code == 400
        assert said in answer.get_data(as_text=True)


FORGED: list[dict[str, str]] = [
    {},
    {"Authorization": "Bearer"},
    {"Authorization": f"Bearer {TRIGGER_TOKEN}"},
    {"Authorization": "Bearer gvl_" + "A" * 43},
    {"Authorization": "Basic Z3ZsXzpndmxf"},
    {"Cookie": "token=GOOD; __Host-gavel=GOOD"},
    {"X-Api-Key": "GOOD"},
    {"Authorization": "Basic GOOD"},
    {"Authorization": "GOOD"},
]


@pytest.mark.parametrize("headers", FORGED, ids=str)
def test_nobody_gets_in_without_a_good_token(
    client: FlaskClient, token: Token, headers: dict[str, str]
) -> None:
    good = token("admin")["Authorization"].removeprefix("Bearer ")
    sent = {name: value.replace("GOOD", good) for name, value in headers.items()}
    answers = [
        client.open(f"{path}?token={good}", method=method, headers=sent)
        for _, method, path in routes(client)
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.get_data() for answer in answers}) == 1
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {"Bearer"}


def test_a_scope_opens_its_routes_and_no_other(client: FlaskClient, token: Token) -> None:
    for place, scope in enumerate(SCOPES):
        headers = token(scope)
        for endpoint, method, path in routes(client):
            answer = client.open(path, method=method, headers=headers)
            may = SCOPES.index(NEEDS[endpoint]) <= place
            assert (answer.status_code == 403) is not may, (scope, endpoint, answer.status_code)
            assert answer.status_code not in (401, 500)


def test_a_revoked_token_is_out_at_once(client: FlaskClient, token: Token, redis: Redis) -> None:
    headers = token("read")
    assert client.get("/api/v1/silences", headers=headers).status_code == 200
    Tokens(redis).revoke(ANNA, "read")
    assert client.get("/api/v1/silences", headers=headers).status_code == 401


def test_every_conference_is_hung_up_by_an_admin_alone(
    client: FlaskClient, token: Token, redis: Redis
) -> None:
    body = {"do": {"hang_up": "every_conference", "confirm": True}}
    path = f"/api/v1/conferences/{KEY}/actions"
    assert client.post(path, json=body, headers=token("act")).status_code == 403
    assert redis.llen(keys.inbox(KEY)) == 0
    assert client.post(path, json=body, headers=token("admin")).status_code == 202


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api", 404),
        ("GET", "/api/v1/nothing", 404),
        ("PUT", "/api/v1/silences", 405),
        ("GET", "/api/v1/conferences/x", 404),
        ("GET", "/api/v1/conferences?limit=0", 400),
        ("GET", "/api/v1/conferences?limit=%C2%B2", 400),
        ("GET", "/api/v1/conferences?cursor=%00", 400),
        ("GET", "/api/v1/conferences?state=all", 400),
        ("GET", "/api/v1/audit?cursor=x", 400),
        ("DELETE", "/api/v1/silences/sil-x", 404),
    ],
)
def test_errors_are_problems(
    client: FlaskClient, token: Token, method: str, path: str, status: int
) -> None:
    answer = client.open(path, method=method, headers=token("admin"))
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    found: Any = json.loads(answer.get_data())
    assert set(found) == {"type", "title", "status", "detail"}
    assert found["status"] == status


def test_who_is_busy_is_told_to_come_again_and_callbacks_are_not_held_up(
    client: FlaskClient, token: Token
) -> None:
    app, headers = client.application, token("read")

    def status(path: str) -> int:
        return app.test_client().get(path, headers=headers).status_code

    with app.test_request_context("/api/v1/silences", headers=headers):
        assert app.preprocess_request() is None
        busy = app.test_client().get("/api/v1/silences", headers=headers)
        assert (busy.status_code, busy.headers["Retry-After"]) == (503, "1")
        assert status("/healthz") == 200
    assert [status("/api/v1/silences") for _ in range(3)] == [200] * 3
    assert [status("/api/v1/audit") for _ in range(3)] == [403] * 3
    assert status("/api/v1/silences") == 200
