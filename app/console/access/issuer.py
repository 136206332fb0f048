"""Speaks with the OpenID Connect issuer, by Authlib: where people are sent, and who came back.

Loaded only where OIDC_ISSUER is set. The code flow with PKCE, a state and a nonce; an id token is
believed by the issuer's published keys alone.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import JWKRegistry, KeySet
from joserfc.jws import JWSRegistry
from requests import RequestException

from app.console.access.claims import Claims, IssuerAway, NotBelieved, claim
from app.settings import Settings

ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
"""Those that sign with a key that only the issuer has: never `none`, never our own secret."""
TIMEOUT_SECONDS = 5.0
FRESH_SECONDS = 3600.0
"""So long what the issuer publishes is believed without a look."""
AWAY_SECONDS = 20.0
"""So long after a failure the issuer is not asked: one that hangs holds a thread of the console for
5 of 25 seconds, and who wants in by another way comes in."""
LEEWAY_SECONDS = 60
NOT_UNDERSTOOD = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What Authlib and joserfc raise for answers that are no answers."""


@dataclass(frozen=True, slots=True)
class Published:
    """What an issuer publishes: where its endpoints are, and its keys."""

    metadata: Mapping[str, Any]
    keys: KeySet
    at: float

    @property
    def algorithms(self) -> list[str]:
        named = self.metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        return [one for one in ALGORITHMS if one in named]


class Issuer:
    """Safe for threads. The methods raise IssuerAway."""

    def __init__(self, settings: Settings, back: str) -> None:
        """`back` is the address that people come back to."""
        self._settings, self._back = settings, back
        self._name = settings.oidc_issuer or ""
        self._lock = Lock()
        self._known: Published | None = None
        self._away: tuple[float, str] = (float("-inf"), "")

    def address(self, state: str, nonce: str, verifier: str) -> str:
        """Where somebody is sent to sign in."""
        endpoint = self._published().metadata["authorization_endpoint"]
        with self._session() as session:
            url, _ = session.create_authorization_url(
                endpoint, state=state, nonce=nonce, code_verifier=verifier
            )
        return str(url)

    def claims(self, code: str, named: str, nonce: str, verifier: str, now: float) -> Claims:
        """What the issuer says of who came back with this code. `named` is the issuer that the
        address names (RFC 9207), "" for none; `now` is in seconds since the epoch. Raises
        NotBelieved."""
        known = self._published()
        says_so = known.metadata.get("authorization_response_iss_parameter_supported") is True
        if named != self._name and (named or says_so):
            raise NotBelieved("the answer is of another issuer")
        with self._session(self._way(known)) as session:
            token = self._token(session, known, code, verifier)
            claims = self._verified(token, known, nonce, now)
            endpoint = known.metadata.get("userinfo_endpoint")
            if endpoint and claim(claims, self._settings.oidc_role_claim) is None:
                session.token = token
                more = self._json(session, str(endpoint), withhold_token=False)
                if more.get("sub") != claims["sub"]:
                    raise NotBelieved("its userinfo is of somebody else")
                claims = {**more, **claims}
        return claims

    def examine(self) -> int:
        """How many keys it publishes that sign."""
        return len(self._read().keys.keys)

    def _published(self) -> Published:
        with self._lock:
            now = time.monotonic()
            if self._known and now - self._known.at < FRESH_SECONDS:
                return self._known
            at, why = self._away
            if now - at < AWAY_SECONDS:
                raise IssuerAway(why)
            return self._look()

    def _look(self) -> Published:
        try:
            self._known = self._read()
        except IssuerAway as error:
            self._away = time.monotonic(), str(error)
            raise
        return self._known

    def _read(self) -> Published:
        with self._session() as session:
            place = f"{self._name.rstrip('/')}/.well-known/openid-configuration"
            metadata = self._json(session, place)
            if metadata.get("issuer") != self._name:
                raise IssuerAway(f"{place} is of another issuer: OIDC_ISSUER must be what it says")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                if not self._is_address(metadata.get(name)):
                    raise IssuerAway(f"{place} has no {name} that can be used")
            found = self._json(session, metadata["jwks_uri"]).get("keys")
            rows = found if isinstance(found, list) else []
            keys = [key for row in rows for key in _signing(row)]
        return Published(metadata, KeySet(keys), time.monotonic())

    def _is_address(self, url: object) -> bool:
        safely = self._name.startswith("http://")  # on this machine
        return isinstance(url, str) and (url.startswith("https://") or safely)

    def _token(
        self, session: OAuth2Session, known: Published, code: str, verifier: str
    ) -> Mapping[str, Any]:
        try:
            token: Mapping[str, Any] = session.fetch_token(
                known.metadata["token_endpoint"],
                code=code,
                code_verifier=verifier,
                grant_type="authorization_code",
                allow_redirects=False,
            )
        except AuthlibBaseError as error:
            raise NotBelieved(f"it does not take the code: {error.error}") from None
        except (RequestException, *NOT_UNDERSTOOD) as error:
            raise IssuerAway(f"its token endpoint: {type(error).__name__}") from None
        return token

    def _verified(
        self, token: Mapping[str, Any], known: Published, nonce: str, now: float
    ) -> dict[str, Any]:
        text = token.get("id_token")
        if not isinstance(text, str):
            raise NotBelieved("there is no id token")
        try:
            try:
                decoded = jwt.decode(text, known.keys, registry=_registry(known))
            except InvalidKeyIdError:  # its keys have changed
                with self._lock:
                    known = self._look()
                decoded = jwt.decode(text, known.keys, registry=_registry(known))
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                {
                    "iss": {"essential": True, "value": self._name},
                    "aud": {"essential": True, "value": self._settings.oidc_client_id},
                },
                {
                    "nonce": nonce,
                    "client_id": self._settings.oidc_client_id,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(now=int(now), leeway=LEEWAY_SECONDS)
        except (JoseError, *NOT_UNDERSTOOD) as error:
            why = getattr(error, "error", type(error).__name__)
            raise NotBelieved(f"its id token does not hold: {why} {error}") from None
        return dict(claims)

    def _json(
        self, session: OAuth2Session, url: str, *, withhold_token: bool = True
    ) -> Mapping[str, Any]:
        try:
            answer = session.request(
                "GET", url, withhold_token=withhold_token, allow_redirects=False
            )
            found = answer.json() if answer.status_code == 200 else None
        except (RequestException, AuthlibBaseError, *NOT_UNDERSTOOD) as error:
            raise IssuerAway(f"{url}: {type(error).__name__}") from None
        if not isinstance(found, dict):
            raise IssuerAway(f"{url} is answered {answer.status_code}, not JSON of an issuer")
        return found

    def _way(self, known: Published) -> str:
        """How we prove to the issuer who we are."""
        if not self._settings.oidc_client_secret:
            return "none"
        ways = known.metadata.get("token_endpoint_auth_methods_supported") or []
        basic = "client_secret_basic" in ways or "client_secret_post" not in ways
        return "client_secret_basic" if basic else "client_secret_post"

    def _session(self, way: str | None = None) -> OAuth2Session:
        return OAuth2Session(
            self._settings.oidc_client_id,
            self._settings.oidc_client_secret,
            token_endpoint_auth_method=way,
            code_challenge_method="S256",
            scope=self._settings.oidc_scopes,
            redirect_uri=self._back,
            default_timeout=TIMEOUT_SECONDS,
        )


def _registry(known: Published) -> JWSRegistry:
    return JWSRegistry(algorithms=known.algorithms, strict_check_header=False)


def _signing(row: Any) -> list[Any]:
    """The key of a row; none for one that does not sign, or that we do not know."""
    if not isinstance(row, dict) or row.get("use", "sig") != "sig" or row.get("kty") == "oct":
        return []
    try:
        return [JWKRegistry.import_key(row)]
    except (JoseError, *NOT_UNDERSTOOD):
        return []
