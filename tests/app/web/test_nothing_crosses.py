"""Of two accounts of one service, none sees, does or is believed anything where the other is."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis
from werkzeug.routing import Rule
from werkzeug.test import Client

from app.console.access.links import Invitation, make_link
from app.console.access.roles import OPEN, ROUTES
from app.domain.operator import Operator
from app.operators.tokens import Tokens
from app.store import keys
from tests.app.builders import TOKEN, enter, recording, transcription
from tests.app.console.person import Person
from tests.app.web.many import PASSWORD, Service, entry

OF_CALLBACKS = {
    "/plivo/conference": enter(),
    "/plivo/recording": recording(),
    "/plivo/transcription": transcription(conference_name="demo"),
    "/plivo/answer/demo": {"CallUUID": "c"},
    "/plivo/pin/demo": {"CallUUID": "c", "Digits": "1"},
}
SECRET_OF_NOBODY = {"/healthz", "/readyz"}
"""They say whether a process is well."""
OF_THE_SERVICE = {"/metrics", "/metrics/cluster", "/openapi.json"}
"""They are guarded by METRICS_TOKEN, which is the operator's."""


class Walk(Person):
    """A browser at the pages of an account: its cookies go where its addresses say."""

    def __init__(self, service: Service, name: str, client: Client | None = None) -> None:
        under: Any = client or service.browser()
        super().__init__(under, service.space(name))
        self.name, self.at = name, f"/a/{name}" if name else ""

    def session_id(self) -> str:
        """What the cookie of this session holds."""
        kept: Any = self.client._cookies
        [found] = [one.value for one in kept.values() if one.key == f"gavel.{self.name}"]
        return str(found)

    def get(self, path: str, **headers: str) -> Any:
        return super().get(self.at + path, **headers)

    def post(self, path: str, fields: Any, **headers: str) -> Any:
        return super().post(self.at + path, fields, **headers)


def signed_in(service: Service, name: str) -> Walk:
    found = Walk(service, name)
    assert found.sign_in_by_link().status_code == 303
    assert found.get("/live").status_code == 200
    return found


def rules_of(service: Service) -> list[Rule]:
    """Every route that an account has."""
    service.browser().get("/a/zeta/healthz")
    app: Any = service.front._applications.of(service.file.accounts["zeta"])
    return list(app.url_map.iter_rules())


def filled(rule: Rule) -> str:
    """An address of this route."""
    if "any(" in rule.rule:
        return ""
    return "".join("x" if dynamic else part for dynamic, part in rule._trace[1:]).replace("|", "")


def addresses(service: Service) -> Iterator[tuple[str, str, str]]:
    """Endpoint, method and address of each route but those of callbacks."""
    for rule in rules_of(service):
        path = filled(rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            if path and not path.startswith("/plivo/"):
                yield rule.endpoint, method, path


def snapshot(redis: Redis, account: str) -> dict[bytes, Any]:
    """All that an account has, but for what is counted and how long it lives."""
    front = f"a/{account}/"
    counted = {f"{front}{key}".encode() for key in (keys.METRICS, keys.EXEMPLARS)}
    found: Any = redis.scan_iter(f"{front}*")
    return {key: redis.dump(key) for key in found if key not in counted}


@pytest.mark.parametrize("path", OF_CALLBACKS)
@pytest.mark.parametrize("token", ["a-token-of-acme", TOKEN])
def test_a_signature_of_another_account_is_refused(service: Service, path: str, token: str) -> None:
    before = snapshot(service.redis, "zeta")
    assert service.callback("zeta", OF_CALLBACKS[path], path, token=token).status_code == 403
    at_root = service.callback("", OF_CALLBACKS[path], path, token="a-token-of-acme")
    assert at_root.status_code == 403
    assert snapshot(service.redis, "zeta") == before
    assert service.callback("zeta", OF_CALLBACKS[path], path).status_code in (200, 400)


def test_a_callback_that_was_signed_for_one_address_is_refused_at_another(
    service: Service,
) -> None:
    given = service.callback("acme", enter(), seen="/a/zeta/plivo/conference")
    assert given.status_code == 403


def test_a_subaccount_is_refused_at_its_sibling_though_their_main_account_signs_for_both(
    serving: Callable[..., Service],
) -> None:
    sub = {"main_account": "agency"}
    service = serving(entry("agency"), entry("acme", **sub), entry("zeta", **sub))
    by_main = {"token": "a-token-of-agency"}
    assert service.callback("zeta", enter(), **by_main).status_code == 200
    given = service.callback("zeta", recording(), also="a-token-of-acme", **by_main)
    assert given.status_code == 403
    given = service.callback("zeta", recording(), also="a-token-of-zeta", **by_main)
    assert given.status_code == 200


def test_a_subaccount_is_refused_at_its_main_account(serving: Callable[..., Service]) -> None:
    service = serving(entry("agency"), entry("acme", main_account="agency"))
    given = service.callback("agency", enter(), also="a-token-of-acme")
    assert (given.status_code, service.inbox("agency")) == (403, [])
    given = service.callback("agency", enter(), also="a-token-of-agency")
    assert given.status_code == 200


def test_a_subaccount_is_refused_at_the_account_of_the_service(
    serving: Callable[..., Service],
) -> None:
    service = serving(entry("acme"))
    at_service = {"token": TOKEN, "also": "a-token-of-acme"}
    assert service.callback("", enter(), **at_service).status_code == 200
    service.write(entry("acme", main_auth_token=TOKEN))
    service.settle()
    assert service.callback("", recording(), **at_service).status_code == 403
    assert service.callback("", recording(), token=TOKEN).status_code == 200


def test_a_token_of_another_account_sends_no_trigger(service: Service) -> None:
    browser, body = service.browser(), {"conference": "demo"}
    for at, token, status in (
        ("/a/zeta", "triggers-of-acme", 401),
        ("/a/zeta", "a-token-for-triggers", 401),
        ("", "triggers-of-acme", 401),
        ("/a/zeta", "triggers-of-zeta", 202),
    ):
        bearer = {"Authorization": f"Bearer {token}"}
        given = browser.post(f"{at}/triggers/open", json=body, headers=bearer)
        assert (at, token, given.status_code) == (at, token, status)
    assert (len(service.inbox("zeta")), service.inbox("acme")) == (1, [])


def test_every_route_is_closed_to_who_is_signed_in_at_another_account(service: Service) -> None:
    """With the cookies of acme as they are, and as a forger has them: named as those of zeta."""
    signed_in(service, "zeta")
    acme = signed_in(service, "acme")
    secret = acme.session_id()
    before = snapshot(service.redis, "zeta")
    looked_at = 0
    for endpoint, method, path in addresses(service):
        if path in SECRET_OF_NOBODY | OF_THE_SERVICE or ROUTES.get(endpoint) == OPEN:
            continue
        for cookie in (
            f"__Secure-gavel.acme={secret}",
            f"__Secure-gavel.zeta={secret}",
            f"gavel.zeta={secret}; __Host-gavel={secret}; gavel={secret}",
        ):
            given = Client(service.front).open(
                f"/a/zeta{path}", method=method, headers={"Cookie": cookie}
            )
            where = given.headers.get("Location", "")
            told = (endpoint, method, path, given.status_code, where)
            away = given.status_code == 303 and where.startswith("/a/zeta/login")
            assert away or given.status_code in (401, 403, 404, 405), told
            looked_at += 1
    assert looked_at > 100
    assert snapshot(service.redis, "zeta") == before


@pytest.mark.parametrize("of", ["acme", ""])
def test_every_route_of_the_admin_api_is_closed_to_a_token_of_another_account(
    service: Service, of: str
) -> None:
    admin = Operator("Anna", "terminal", "")
    _, foreign = Tokens(service.space(of)).new(admin, "theirs", "admin", 3600.0)
    _, own = Tokens(service.space("zeta")).new(admin, "ours", "admin", 3600.0)
    before, looked_at = snapshot(service.redis, "zeta"), 0
    for _, method, path in addresses(service):
        if path.startswith("/api/"):
            given = Client(service.front).open(
                f"/a/zeta{path}", method=method, headers={"Authorization": f"Bearer {foreign}"}
            )
            assert (path, given.status_code) == (path, 401)
            looked_at += 1
    assert looked_at > 10
    assert snapshot(service.redis, "zeta") == before
    with_own = {"Authorization": f"Bearer {own}"}
    given = Client(service.front).get("/a/zeta/api/v1/conferences", headers=with_own)
    assert given.status_code == 200


def test_what_one_account_has_is_on_no_page_of_the_other(service: Service) -> None:
    room = enter(ConferenceName="room-of-acme", From="+14155550177")
    assert service.callback("acme", room).status_code == 200
    acme, zeta, root = (signed_in(service, name) for name in ("acme", "zeta", ""))
    seen = {"acme": 0, "zeta": 0, "": 0}
    for walk in (acme, zeta, root):
        for endpoint, method, path in addresses(service):
            if method == "GET" and endpoint.startswith("console.") and path != "/metrics":
                seen[walk.name] += "room-of-acme" in walk.get(path).text
    assert seen["zeta"] == seen[""] == 0
    assert "acme" in acme.get("/live").text
    assert "acme" not in zeta.get("/live").text


def test_a_password_and_a_link_of_one_account_let_nobody_in_at_another(service: Service) -> None:
    zeta = Walk(service, "zeta")
    assert zeta.sign_in(PASSWORD.format("acme")).status_code == 401
    link = make_link(service.space("acme"), "", Invitation("Anna", "admin"))
    assert zeta.open(link).status_code == 401
    assert zeta.sign_in(PASSWORD.format("zeta")).status_code == 303


@pytest.mark.parametrize(
    ("origin", "begins", "secure"),
    [
        ("https://gavel.example.com", "__Secure-gavel.acme=", True),
        ("http://localhost", "gavel.acme=", False),
    ],
)
def test_the_cookies_of_an_account_go_to_its_own_addresses_alone(
    service: Service, origin: str, begins: str, secure: bool
) -> None:
    acme = Walk(service, "acme")
    fields = {"token": acme.token("/login"), "password": PASSWORD.format("acme")}
    given = acme.post("/login", fields | {"next": "/a/acme/recordings"}, Origin=origin)
    assert given.headers["Location"] == "/a/acme/recordings"
    [made] = [one for one in given.headers.getlist("Set-Cookie") if "gavel.acme=" in one]
    assert made.startswith(begins)
    assert ("Secure" in made[len(begins) :]) == secure
    assert "; HttpOnly; Path=/a/acme; SameSite=Lax" in made


@pytest.mark.parametrize("at", ["/gavel/a/acme", "/a/acme"])
def test_below_a_path_of_public_url_people_sign_in_through_the_proxy_and_past_it(
    serving: Callable[..., Service], at: str
) -> None:
    acme = Walk(serving(public_url="https://example.com/gavel"), "acme")
    acme.at = at
    assert acme.sign_in(PASSWORD.format("acme")).headers["Location"] == f"{at}/live"
    assert acme.get("/live").status_code == 200
    assert acme.post("/logout", {"token": acme.token()}).headers["Location"] == f"{at}/login"
    assert acme.get("/live").status_code == 303


def test_who_signs_out_of_one_account_stays_in_the_others(service: Service) -> None:
    browser = service.browser()
    acme, zeta = Walk(service, "acme", browser), Walk(service, "zeta", browser)
    for walk in (acme, zeta):
        walk.sign_in_by_link()
    out = acme.post("/logout", {"token": acme.token()})
    assert out.headers["Location"] == "/a/acme/login"
    assert acme.get("/live").headers["Location"] == "/a/acme/login?next=%2Fa%2Facme%2Flive"
    assert zeta.get("/live").status_code == 200
