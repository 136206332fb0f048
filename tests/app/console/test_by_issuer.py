"""Signing in by an OpenID Connect issuer, a real one over HTTP: who comes in, and what does not."""

import socket
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests
from redis import Redis
from werkzeug.test import TestResponse

from app.console.access.by_issuer import BACK, COOKIE
from app.console.access.passwords import TRIES
from app.console.access.sessions import LONGEST_BY_ISSUER, Sessions
from app.factory import create_app
from app.operators.audit import Audit
from app.store.inbox import Inbox
from app.store.server.clock import redis_time
from tests.app.builders import settings
from tests.app.console.conftest import PASSWORD
from tests.app.console.person import Person
from tests.doubles.issuer import CLIENT_ID, CLIENT_SECRET, OidcIssuer, oidc_issuer

URL = "http://127.0.0.1"
ANNA = {
    "sub": "u-1",
    "email": "anna@example.com",
    "email_verified": True,
    "groups": ["staff", "oncall"],
}
ROLES = (("viewer", "staff"), ("operator", "oncall"), ("admin", "gavel-admins"))


@pytest.fixture
def issuer() -> Iterator[OidcIssuer]:
    with oidc_issuer(back=URL + BACK, claims=dict(ANNA)) as running:
        yield running


@pytest.fixture
def visitor(
    redis: Redis, publish: Callable[..., None], issuer: OidcIssuer
) -> Callable[..., Person]:
    """A browser before a console that knows the issuer."""
    publish()

    def open_browser(**changes: Any) -> Person:
        given: dict[str, Any] = {
            "admin_password": PASSWORD,
            "public_url": "https://plivo.example.com/base",
            "console_url": URL,
            "oidc_issuer": issuer.url,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": CLIENT_SECRET,
            "oidc_roles": ROLES,
        }
        made = settings(**given | changes)
        return Person(create_app(made, Inbox(redis)).test_client(), redis)

    return open_browser


Visitor = Callable[..., Person]


def begin(person: Person, next: str = "") -> str:
    """Where the console sends somebody."""
    answer = person.get("/login/oidc" + (f"?next={next}" if next else ""))
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def at_the_issuer(where: str) -> str:
    """Where the issuer sends them back to: a path here."""
    answer = requests.get(where, allow_redirects=False, timeout=5)
    assert answer.status_code == 302, answer.text
    there = answer.headers["Location"]
    assert there.startswith(URL + BACK)
    return there.removeprefix(URL)


def sign_in(person: Person, next: str = "") -> TestResponse:
    return person.get(at_the_issuer(begin(person, next)))


def told(redis: Redis) -> list[tuple[str, str, str]]:
    entries, _ = Audit(redis).entries()
    return [(one.verb, one.who, one.object) for one in reversed(entries)]


def assert_outside(person: Person) -> None:
    assert person.get("/live").headers["Location"].startswith("/login")


def test_who_has_a_role_comes_in_and_the_audit_knows_them(visitor: Visitor, redis: Redis) -> None:
    person = visitor()
    answer = sign_in(person, "/conferences")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/conferences")
    page = person.get("/live").text
    assert "anna@example.com" in page
    (session,) = Sessions(redis).all().values()
    assert session.role == "operator"  # the highest of both groups
    assert told(redis) == [("sign_in", "anna@example.com", "operator, by OIDC as u-1")]
    assert person.client.get_cookie(COOKIE) is None


def test_the_sign_in_page_offers_it_and_the_password_beside_it(visitor: Visitor) -> None:
    page = visitor().get("/login?next=/rules").text
    assert f'href="{URL}/login/oidc?next=/rules"' in page
    assert 'name="password"' in page


def test_the_code_is_asked_for_with_pkce_state_and_nonce(
    visitor: Visitor, issuer: OidcIssuer
) -> None:
    sent = {name: one for name, (one,) in parse_qs(urlsplit(begin(visitor())).query).items()}
    assert sent["code_challenge_method"] == "S256"
    assert min(len(sent[name]) for name in ("state", "nonce", "code_challenge")) >= 43
    assert sent["redirect_uri"] == URL + BACK
    assert (sent["response_type"], sent["scope"]) == ("code", "openid email profile")


def test_a_public_client_proves_itself_by_pkce_alone(
    redis: Redis, publish: Callable[..., None]
) -> None:
    publish()
    with oidc_issuer(back=URL + BACK, claims=ANNA, secret=None) as issuer:
        made = settings(
            public_url=URL,
            oidc_issuer=issuer.url,
            oidc_client_id=CLIENT_ID,
            oidc_roles=ROLES,
        )
        person = Person(create_app(made, Inbox(redis)).test_client(), redis)
        assert sign_in(person).headers["Location"] == "/live"


def test_claims_that_are_only_in_the_userinfo_count(visitor: Visitor, issuer: OidcIssuer) -> None:
    issuer.in_token = False
    assert sign_in(visitor()).headers["Location"] == "/live"
    assert "/userinfo" in issuer.paths


@pytest.mark.parametrize(
    ("claims", "changes", "role"),
    [
        ({"groups": ["nothing"]}, {}, ""),
        ({"groups": "oncall"}, {}, "operator"),
        ({"groups": ["ONCALL", "oncall ", "gavel-admins2", "gavel"]}, {}, ""),
        ({"groups": [["gavel-admins"], {"gavel-admins": 1}, 7, None]}, {}, ""),
        ({"groups": {"oncall": True}}, {}, ""),
        ({"groups": None}, {}, ""),
        ({"realm": {"roles": ["oncall"]}}, {"oidc_role_claim": "realm.roles"}, "operator"),
        ({"https://a.b/roles": ["oncall"]}, {"oidc_role_claim": "https://a.b/roles"}, "operator"),
        ({}, {"oidc_role_claim": "email", "oidc_roles": (("admin", ANNA["email"]),)}, "admin"),
        (
            {"email_verified": False},
            {"oidc_role_claim": "email", "oidc_roles": (("admin", ANNA["email"]),)},
            "",
        ),
        (
            {"email_verified": None},
            {"oidc_role_claim": "email", "oidc_roles": (("admin", ANNA["email"]),)},
            "",
        ),
    ],
)
def test_which_role_somebody_has(
    visitor: Visitor,
    issuer: OidcIssuer,
    redis: Redis,
    claims: dict[str, Any],
    changes: dict[str, Any],
    role: str,
) -> None:
    issuer.claims |= claims
    answer = sign_in(visitor(**changes))
    assert [one.role for one in Sessions(redis).all().values()] == ([role] if role else [])
    assert answer.status_code == (303 if role else 403)


def test_who_has_no_role_is_refused_with_words_and_audited(
    visitor: Visitor, issuer: OidcIssuer, redis: Redis
) -> None:
    issuer.claims["groups"] = ["sales"]
    person = visitor()
    answer = sign_in(person)
    assert answer.status_code == 403
    assert (
        "You are anna@example.com at the issuer, and none of your groups has a role" in answer.text
    )
    assert told(redis) == [("sign_in.refused", "anna@example.com", "no role, by OIDC as u-1")]
    assert_outside(person)


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"email": "admin"}, "u-1"),
        ({"email": " Admin "}, "u-1"),
        ({"email": "a\u202egro.elpmaxe@b"}, "u-1"),
        ({"email": "x" * 61}, "u-1"),
        ({"email": None}, "u-1"),
        ({"email_verified": False}, "u-1"),
        ({"email": "<b>@example.com"}, "<b>@example.com"),
    ],
)
def test_the_name_of_the_audit_is_nobody_elses(
    visitor: Visitor, issuer: OidcIssuer, redis: Redis, claims: dict[str, Any], name: str
) -> None:
    issuer.claims |= claims
    person = visitor()
    sign_in(person)
    assert [one.who for one in Sessions(redis).all().values()] == [name]
    assert "<b>" not in person.get("/live").text


HOSTILE = {
    "another nonce": {"nonce": "x" * 43},
    "no nonce": {"nonce": None},
    "for another client": {"aud": "another"},
    "for several, and not by us": {"aud": ["gavel", "another"], "azp": "another"},
    "for another client, by us": {"aud": "another", "azp": "gavel"},
    "for nobody": {"aud": None},
    "of another issuer": {"iss": "http://127.0.0.1:1"},
    "of none": {"iss": None},
    "expired": {"exp": 1_700_000_000},
    "without an end": {"exp": None},
    "with an end that is none": {"exp": "tomorrow"},
    "of the future": {"iat": 4_000_000_000},
    "of nobody": {"sub": None},
    "of an object": {"sub": {"a": 1}},
    "for another access token": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
}


@pytest.mark.parametrize("lie", HOSTILE.values(), ids=HOSTILE)
def test_an_id_token_that_does_not_hold_lets_nobody_in(
    visitor: Visitor, issuer: OidcIssuer, redis: Redis, lie: dict[str, Any]
) -> None:
    issuer.lies = lie
    person = visitor()
    answer = sign_in(person)
    assert answer.status_code == 401
    assert "is no proof of who you are" in answer.text
    ((verb, who, _),) = told(redis)
    assert (verb, who) == ("sign_in.refused", "")
    assert_outside(person)


@pytest.mark.parametrize("alg", ["none", "HS256"])
@pytest.mark.parametrize("says_so", [True, False])
def test_an_id_token_that_the_issuers_key_did_not_sign_lets_nobody_in(
    visitor: Visitor, issuer: OidcIssuer, alg: str, says_so: bool
) -> None:
    issuer.alg = alg
    if says_so:
        issuer.published = {"id_token_signing_alg_values_supported": ["RS256", "HS256", "none"]}
    person = visitor()
    assert sign_in(person).status_code == 401
    assert_outside(person)


def test_a_key_that_is_not_published_signs_for_nobody(
    visitor: Visitor, issuer: OidcIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, own = visitor(), issuer.key
    back = at_the_issuer(begin(person))
    issuer.rotate("k1")  # under the old name
    stolen, issuer.key = issuer.key, own
    person.get("/login/oidc")
    monkeypatch.setattr(issuer, "id_token", partial(_signed_by, issuer, stolen))
    assert person.get(back).status_code == 401
    assert_outside(person)


def _signed_by(issuer: OidcIssuer, key: Any, token: str, nonce: str) -> str:
    own, issuer.key = issuer.key, key
    try:
        return OidcIssuer.id_token(issuer, token, nonce)
    finally:
        issuer.key = own


def test_new_keys_are_looked_for_when_one_is_not_known(
    visitor: Visitor, issuer: OidcIssuer
) -> None:
    issuer.odd_keys = [{"kty": "future"}, "no key", {"kty": "oct", "k": "AAAA", "kid": "k9"}]
    person = visitor()
    assert sign_in(person).status_code == 303
    issuer.rotate("k2")
    before = issuer.paths.count("/jwks")
    assert sign_in(person).status_code == 303
    assert issuer.paths.count("/jwks") == before + 1
    assert sign_in(person).status_code == 303
    assert issuer.paths.count("/jwks") == before + 1


@pytest.mark.parametrize("state", ["", "forged", None])
def test_a_forged_state_is_refused_before_the_issuer_is_asked(
    visitor: Visitor, issuer: OidcIssuer, redis: Redis, state: str | None
) -> None:
    person = visitor()
    fields = dict(one.split("=") for one in urlsplit(at_the_issuer(begin(person))).query.split("&"))
    query = f"code={fields['code']}" + ("" if state is None else f"&state={state}")
    answer = person.get(f"{BACK}?{query}")
    assert answer.status_code == 401
    assert "did not begin in this browser" in answer.text
    assert "/token" not in issuer.paths
    assert_outside(person)


def test_the_answer_for_one_browser_is_refused_in_another(
    visitor: Visitor, issuer: OidcIssuer
) -> None:
    """Else somebody could be signed in as another (login CSRF)."""
    attacker, victim = visitor(), visitor()
    begin(victim)
    assert victim.get(at_the_issuer(begin(attacker))).status_code == 401
    assert visitor().get(at_the_issuer(begin(attacker))).status_code == 401
    assert "/token" not in issuer.paths


def test_an_answer_is_taken_once(visitor: Visitor) -> None:
    person = visitor()
    back = at_the_issuer(begin(person))
    cookie = person.client.get_cookie(COOKIE)
    assert cookie is not None
    assert person.get(back).status_code == 303
    assert person.get(back).status_code == 401
    person.client.set_cookie(COOKIE, cookie.value)
    assert person.get(back).status_code == 401  # the issuer does not take the code again


def test_a_stolen_code_is_of_no_use_without_its_verifier(visitor: Visitor) -> None:
    victim, attacker = visitor(), visitor()
    stolen = parse_qs(urlsplit(at_the_issuer(begin(victim))).query)["code"][0]
    own = parse_qs(urlsplit(begin(attacker)).query)["state"][0]
    assert attacker.get(f"{BACK}?code={stolen}&state={own}").status_code == 401
    assert_outside(attacker)


@pytest.mark.parametrize("text", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_nobody_is_led_elsewhere(visitor: Visitor, text: str) -> None:
    assert sign_in(visitor(), text).headers["Location"] == "/live"


@pytest.mark.parametrize(
    "cookie", ["a.b.c.//evil.example", "a.b.c.https%3A%2F%2Fevil.example", "a.b", ".", "", "a..c.d"]
)
def test_a_forged_cookie_leads_nowhere(visitor: Visitor, issuer: OidcIssuer, cookie: str) -> None:
    person = visitor()
    person.client.set_cookie(COOKIE, cookie)
    answer = person.get(f"{BACK}?code=x&state=a")
    assert answer.status_code == 401
    assert "Location" not in answer.headers


def test_what_another_issuer_answers_is_not_taken(visitor: Visitor, issuer: OidcIssuer) -> None:
    person = visitor()
    back = at_the_issuer(begin(person))
    assert person.get(f"{back}&iss=https://evil.example").status_code == 401
    issuer.published = {"authorization_response_iss_parameter_supported": True}
    strict = visitor()
    assert strict.get(at_the_issuer(begin(strict))).status_code == 401
    back = at_the_issuer(begin(strict))
    assert strict.get(f"{back}&iss={issuer.url}").status_code == 303


def test_an_issuer_that_says_no_is_told(visitor: Visitor, issuer: OidcIssuer, redis: Redis) -> None:
    issuer.refuses = True
    answer = sign_in(visitor())
    assert answer.status_code == 401
    assert "The issuer let you not in" in answer.text
    assert told(redis) == [("sign_in.refused", "", "the issuer said no")]


@pytest.mark.parametrize(
    "published",
    [
        {"issuer": "https://evil.example"},
        {"issuer": "http://127.0.0.1:1/"},
        {"token_endpoint": None},
        {"jwks_uri": "ftp://127.0.0.1/keys"},
    ],
)
def test_what_is_not_this_issuer_is_asked_nothing(
    visitor: Visitor, issuer: OidcIssuer, published: dict[str, Any]
) -> None:
    issuer.published = published
    answer = visitor().get("/login/oidc")
    assert answer.status_code == 503
    assert "Location" not in answer.headers


def test_while_the_issuer_is_away_other_ways_lead_in(redis: Redis, visitor: Visitor) -> None:
    with oidc_issuer(back=URL + BACK) as gone:
        pass
    person = visitor(oidc_issuer=gone.url)
    answer = person.get("/login/oidc")
    assert answer.status_code == 503
    assert "The issuer does not answer" in answer.text
    assert person.sign_in(PASSWORD).headers["Location"] == "/live"
    assert person.sign_in_by_link().headers["Location"] == "/live"


def test_an_issuer_that_hangs_is_asked_once_and_then_left_alone(visitor: Visitor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        person = visitor(oidc_issuer=f"http://127.0.0.1:{silent.getsockname()[1]}")
        for _ in range(3):
            assert person.get("/login/oidc").status_code == 503
            assert person.sign_in(PASSWORD).headers["Location"] == "/live"
        silent.accept()[0].close()
        silent.setblocking(False)
        with pytest.raises(BlockingIOError):
            silent.accept()  # nobody asked a second time


def test_an_issuer_that_goes_away_on_the_way_is_told(visitor: Visitor, issuer: OidcIssuer) -> None:
    person = visitor()
    back = at_the_issuer(begin(person))
    issuer.lies = {"sub": object()}  # it fails with a 500
    answer = person.get(back)
    assert answer.status_code == 503
    assert_outside(person)


BODIES = ["", "[]", "nul", "{", '"x"', "1", '{"keys": {"a": 1}}', '{"keys": 7}', "<html>", "\xff"]
BODIES += [
    '{"error": ["x"]}',
    '{"error": "x", "error_description": 5}',
    '{"id_token": 7}',
    "[" * 9000,
]
BODIES += [
    '{"access_token": "a", "id_token": "a.b.c"}',
    '{"access_token": "a", "id_token": "....."}',
]
BODIES += ['{"access_token": "a"}', '{"access_token": 7, "token_type": [], "expires_in": "x"}']


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks", "/token"])
def test_whatever_an_issuer_answers_lets_nobody_in_and_breaks_nothing(
    visitor: Visitor, issuer: OidcIssuer, redis: Redis, path: str
) -> None:
    person = visitor()
    for status in (200, 302, 500):
        for body in BODIES:
            redis.flushdb()
            if path != "/token":  # what was published is known for a while
                person = visitor()
            if path == "/token":
                back = at_the_issuer(begin(person))
                issuer.broken = {path: (status, body)}
                answer = person.get(back)
            else:
                issuer.broken = {path: (status, body)}
                answer = person.get("/login/oidc")
                if answer.status_code == 303:  # its keys are not looked at before
                    back = at_the_issuer(answer.headers["Location"])
                    answer = person.get(back)
            issuer.broken = {}
            assert answer.status_code in (401, 503), (status, body)
            assert "/elsewhere" not in issuer.paths
            assert not redis.keys("gavel:session:*")


@pytest.mark.parametrize("body", ["[]", "", '{"sub": "another"}', '{"groups": ["oncall"]}'])
def test_a_userinfo_that_is_not_theirs_gives_no_role(
    visitor: Visitor, issuer: OidcIssuer, redis: Redis, body: str
) -> None:
    issuer.in_token = False
    issuer.broken = {"/userinfo": (200, body)}
    assert sign_in(visitor()).status_code in (401, 503)
    assert not redis.keys("gavel:session:*")


@pytest.mark.parametrize("code", ["", "x" * 5000, "\ud800", "a b&c=d", "%00"])
def test_a_code_that_is_none_lets_nobody_in(visitor: Visitor, code: str) -> None:
    person = visitor()
    state = parse_qs(urlsplit(begin(person)).query)["state"][0]
    sent = quote(code, errors="surrogatepass")
    assert person.get(f"{BACK}?code={sent}&state={state}").status_code == 401


def test_guessing_answers_is_braked(visitor: Visitor, redis: Redis) -> None:
    person = visitor()
    answers = [person.get(f"{BACK}?code=x&state=y").status_code for _ in range(TRIES + 2)]
    assert answers == [401] * TRIES + [429, 429]
    assert len(told(redis)) == TRIES
    assert person.sign_in(PASSWORD).status_code == 303  # the password has its own


def test_such_a_session_ends_sooner_and_with_the_settings_that_let_it_in(
    visitor: Visitor, redis: Redis
) -> None:
    person = visitor()
    sign_in(person)
    cookie = person.client.get_cookie("gavel")
    assert cookie is not None
    (session,) = Sessions(redis).all().values()
    assert session.over_at == session.made_at + LONGEST_BY_ISSUER
    for changes, status in (({}, 200), ({"oidc_roles": (("viewer", "staff"),)}, 303)):
        other = visitor(**changes)
        other.client.set_cookie("gavel", cookie.value)
        assert other.get("/live").status_code == status
    off = Person(create_app(settings(public_url=URL), Inbox(redis)).test_client(), redis)
    off.client.set_cookie("gavel", cookie.value)
    assert off.get("/live").status_code == 303


def test_where_it_is_off_there_is_no_such_sign_in(redis: Redis) -> None:
    person = Person(create_app(settings(public_url=URL), Inbox(redis)).test_client(), redis)
    for path in ("/login/oidc", f"{BACK}?code=x&state=y"):
        assert person.get(path).status_code == 404
    assert "organisation" not in person.get("/login").text


def test_over_https_its_cookie_is_for_this_host_and_ends_soon(
    visitor: Visitor, issuer: OidcIssuer
) -> None:
    url = "https://gavel.example.com"
    person = visitor(console_url=url)
    answer = person.client.get("/login/oidc", base_url=url)
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-gavel-oidc=")
    assert {"Secure", "HttpOnly", "Max-Age=600", "SameSite=Lax"} <= set(cookie.split("; "))
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_clock_of_the_issuer_may_be_off_by_a_little(
    visitor: Visitor, issuer: OidcIssuer
) -> None:
    issuer.lies = {"iat": int(time.time()) + 30, "exp": int(time.time()) - 10}
    assert sign_in(visitor()).status_code == 303


def test_an_id_token_is_held_against_redis_clock(
    visitor: Visitor, issuer: OidcIssuer, redis: Redis, wrong_clock: None
) -> None:
    now = int(redis_time(redis))
    issuer.lies = {"iat": now, "exp": now + 300}
    assert sign_in(visitor()).status_code == 303
