"""An OpenID Connect issuer over real HTTP: Authlib's server side, with its strictness about codes,
clients and PKCE, on keys of its own; and with switches for what a broken or hostile one answers."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from flask import Flask, Response, jsonify, request
from joserfc import jws, jwt
from joserfc.jwk import OctKey, RSAKey
from werkzeug.serving import WSGIRequestHandler, make_server

CLIENT_ID, CLIENT_SECRET = "gavel", "a-secret-of-the-client-0123"
EVERY = jws.JWSRegistry(algorithms=["RS256", "HS256", "none"])


class Client(ClientMixin):
    """The one that is registered."""

    def __init__(self, back: Callable[[], str], secret: str | None) -> None:
        self._back, self._secret = back, secret

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, uri: str) -> bool:
        return uri == self._back()

    def check_client_secret(self, secret: str) -> bool:
        return secret == self._secret

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == ("none" if self._secret is None else "client_secret_basic")

    def check_response_type(self, kind: str) -> bool:
        return kind == "code"

    def check_grant_type(self, kind: str) -> bool:
        return kind == "authorization_code"


@dataclass
class Code:
    """One that waits for its token."""

    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    code_challenge_method: str
    user: str

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope


@dataclass
class OidcIssuer:
    """`claims` are of whoever signs in; `in_token`, else only in the userinfo. `lies` change the
    claims of an id token, `alg` how it is signed, `published` what discovery says; `broken` are
    answers in the place of those of a path: status and body. `paths` are all requests that came,
    `scopes` what was asked for."""

    back: str = ""
    secret: str | None = CLIENT_SECRET
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "u-1"})
    in_token: bool = True
    lies: dict[str, Any] = field(default_factory=dict)
    alg: str = "RS256"
    published: dict[str, Any] = field(default_factory=dict)
    broken: dict[str, tuple[int, str]] = field(default_factory=dict)
    refuses: bool = False
    url: str = ""
    paths: list[str] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)
    codes: dict[str, Code] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: _key("k1"))
    odd_keys: list[Any] = field(default_factory=list)

    def rotate(self, kid: str) -> None:
        """Sign with a new key from now on, and publish that alone."""
        self.key = _key(kid, 1)

    def id_token(self, access_token: str, nonce: str) -> str:
        now = int(time.time())
        half = sha256(access_token.encode()).digest()[:16]
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "at_hash": base64.urlsafe_b64encode(half).decode().rstrip("="),
            **(self.claims if self.in_token else {"sub": self.claims["sub"]}),
            **self.lies,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": self.alg, "kid": self.key.kid}
        if self.alg == "none":
            return f"{_plain(header)}.{_plain(claims)}."
        key: Any = OctKey.import_key(CLIENT_SECRET) if self.alg == "HS256" else self.key
        return jwt.encode(header, claims, key, registry=EVERY)


def _plain(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@cache
def _key(kid: str, number: int = 0) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})


def _grant(issuer: OidcIssuer) -> type[AuthorizationCodeGrant]:
    class Grant(AuthorizationCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "none")

        def save_authorization_code(self, code: str, asked: Any) -> None:
            given = asked.payload.data
            issuer.scopes.append(given["scope"])
            issuer.codes[code] = Code(
                given["redirect_uri"],
                given["scope"],
                given["nonce"],
                given["code_challenge"],
                given["code_challenge_method"],
                asked.user,
            )

        def query_authorization_code(self, code: str, _client: Any) -> Code | None:
            return issuer.codes.get(code)

        def delete_authorization_code(self, code: Code) -> None:
            issuer.codes = {text: one for text, one in issuer.codes.items() if one is not code}

        def authenticate_user(self, code: Code) -> str:
            return code.user

    return Grant


def _with_id_token(issuer: OidcIssuer) -> Callable[[Any], None]:
    def add(grant: Any, answer: Any) -> Any:
        _, token, _ = answer
        nonce = grant.request.authorization_code.nonce
        token["id_token"] = issuer.id_token(token["access_token"], nonce)
        return token

    return lambda grant: grant.register_hook("after_create_token_response", add)


def _app(issuer: OidcIssuer) -> Flask:
    app = Flask(__name__)
    tokens: list[str] = []
    client = Client(lambda: issuer.back, issuer.secret)
    server = AuthorizationServer(
        app,
        query_client=lambda id: client if id == CLIENT_ID else None,
        save_token=lambda token, _request: tokens.append(token["access_token"]),
    )
    server.register_grant(_grant(issuer), [CodeChallenge(required=True), _with_id_token(issuer)])

    @app.before_request
    def note() -> Response | None:
        issuer.paths.append(request.path)
        request.environ["wsgi.url_scheme"] = "https"  # else Authlib's server refuses to serve
        if request.path not in issuer.broken:
            return None
        status, body = issuer.broken[request.path]
        where = {"Location": f"{issuer.url}/elsewhere"} if status == 302 else {}
        return Response(body, status, where, content_type="application/json")

    @app.get("/.well-known/openid-configuration")
    def discovery() -> Response:
        found = {
            "issuer": issuer.url,
            "authorization_endpoint": f"{issuer.url}/authorize",
            "token_endpoint": f"{issuer.url}/token",
            "userinfo_endpoint": f"{issuer.url}/userinfo",
            "jwks_uri": f"{issuer.url}/jwks",
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        return jsonify(found | issuer.published)

    @app.get("/jwks")
    def jwks() -> Response:
        return jsonify({"keys": [*issuer.odd_keys, issuer.key.as_dict(private=False)]})

    @app.get("/authorize")
    def authorize() -> Any:
        grant = server.get_consent_grant(end_user="u")
        return server.create_authorization_response(
            grant_user=None if issuer.refuses else "u", grant=grant
        )

    @app.post("/token")
    def token() -> Any:
        return server.create_token_response()

    @app.get("/userinfo")
    def userinfo() -> Any:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return jsonify(issuer.claims) if bearer in tokens else ("", 401)

    return app


class _Quiet(WSGIRequestHandler):
    def log(self, *_args: Any) -> None:
        """Not on the tests' output."""


@contextmanager
def oidc_issuer(host: str = "127.0.0.1", **switches: Any) -> Iterator[OidcIssuer]:
    """One that runs, under this name of this machine; `back` is set by whoever registers."""
    issuer = OidcIssuer(**switches)
    server = make_server("127.0.0.1", 0, _app(issuer), threaded=True, request_handler=_Quiet)
    issuer.url = f"http://{host}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
