"""Examinations of what lies outside: our public address, as Plivo sees it, and Plivo itself."""

import http.client
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from redis.exceptions import RedisError

from app.console.access.by_issuer import BACK
from app.console.access.claims import IssuerAway
from app.finding import Finding, bad, doubtful, good
from app.plivo.signature import NONCE, V3, PlivoRequest, sign, signed_text
from app.plivo.urls import RETRIES, answer_url
from app.settings import Settings
from app.store.connection import connect
from app.store.server import same_store
from app.web.answer import PROBED
from workers.plivo import PlivoApi, PlivoError

TIMEOUT = 10.0
READ_AT_MOST = 4096


def examine_public_url(settings: Settings) -> Iterator[Finding]:
    url = settings.public_url
    loopback = "//127.0.0.1" in url or "//localhost" in url
    if loopback and settings.plivo_api_url.startswith("https://api.plivo.com"):
        yield bad(f"Plivo can not reach {url}: set PUBLIC_URL to an address on the internet")
    elif url.startswith("http://") and not loopback:
        yield doubtful(f"{url} is not encrypted: take https")
    word = secrets.token_hex(8)
    left = _left(settings, word)
    found = _ask(f"{url}/readyz?probe={word}")
    if found.status == 404 and settings.plivo_auth_token:  # a proxy that lets Plivo alone through
        found = _ask_as_plivo(settings, settings.plivo_auth_token[0], word)
    if found.status == 200:
        yield _whose(url, found.probe, left)
    elif found.status == 503 and found.reason:
        yield bad(f"{url} reaches Gavel, which is not ready: {found.reason}")
    elif found.status == 404 and not settings.plivo_auth_token:
        yield doubtful(
            f"{url}/readyz is not let through; of an account `gavel doctor --account NAME` can tell"
        )
    else:
        told = _said(found.status)
        yield bad(f"{url} answers {told}: is `gavel web` up, the proxy in front?")


def _left(settings: Settings, word: str) -> bool:
    """A word in our Redis, by which our own service is known; False when Redis is away."""
    if settings.redis_url is None:
        return False
    redis = connect(settings.redis_url, timeout=settings.redis_timeout)
    try:
        same_store.leave(redis, word)
    except RedisError:
        return False
    finally:
        redis.close()
    return True


def _whose(url: str, probe: str, left: bool) -> Finding:
    """Is what is ready there ours?"""
    if probe not in (same_store.SEEN, same_store.NOT_SEEN):
        return bad(f"{url} reaches something that is not Gavel, or another version: what is there?")
    if not left:
        return doubtful(
            f"{url} reaches a Gavel that is ready; whether it is yours can not be told while Redis "
            "does not answer"
        )
    if probe == same_store.NOT_SEEN:
        return bad(
            f"{url} reaches another Gavel, one of another Redis: end it, or set PORT, PUBLIC_URL "
            "and REDIS_URL (or STATE_DIR) to those of one service"
        )
    return good(f"{url} reaches Gavel, which is ready")


def examine_open(settings: Settings) -> Iterator[Finding]:
    """What everybody can read on a public address who finds it."""
    if "//127.0.0.1" in settings.public_url or "//localhost" in settings.public_url:
        yield good("PUBLIC_URL is of this machine")
        return
    paths = ("/metrics", "/metrics/cluster", "/openapi.json")
    found = [path for path in paths if _get(settings.public_url + path) == 200]
    if found:
        yield doubtful(
            f"everybody can read {' and '.join(found)}: "
            "set METRICS_TOKEN, or let the proxy refuse them"
        )
    else:
        yield good(f"{', '.join(paths)} are closed")


def examine_console(settings: Settings) -> Iterator[Finding]:
    """Do links to the console lead to it, and its own links back there?"""
    url = settings.console_url
    found = _ask(f"{url}/", follow=False)
    path = urlsplit(url).path
    if found.status != 303:
        yield doubtful(
            f"{url}/ answers {_said(found.status)}: links that sign in to the console lead there. "
            "Set CONSOLE_URL to where the proxy serves it"
        )
    elif not found.location.startswith(f"{path}/"):
        yield doubtful(
            f"the proxy takes {path} off the path, so the console's links lead past it: let it "
            "leave the path on, or set CONSOLE_URL to an address without one"
        )
    else:
        yield good(f"{url} reaches the console")


def examine_signature(settings: Settings) -> Iterator[Finding]:
    """Ask for a conference's XML (which changes nothing) as Plivo would, over the public URL."""
    url = answer_url(settings.public_url, PROBED).removesuffix(RETRIES)
    for number, token in enumerate(settings.plivo_auth_token, 1):
        status = _ask_as_plivo(settings, token).status
        if status == 200:
            yield good(f"a request signed with token {number} is let in")
        else:
            yield bad(
                f"a request signed with token {number} is answered {_said(status)}: does the proxy "
                "change path or query? Are the running processes of the same PLIVO_AUTH_TOKEN?"
            )
    status = _get(url)
    if status == 403:
        yield good("an unsigned request is refused")
    elif settings.signature_answer != "require":
        yield doubtful(f"SIGNATURE_ANSWER={settings.signature_answer} lets everybody ask for XML")
    else:
        yield bad(f"an unsigned request is answered {_said(status)}, not 403")


def examine_plivo(settings: Settings) -> Iterator[Finding]:
    if settings.plivo_auth_id is None:
        yield bad("there is no account: set PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN")
        return
    client = PlivoApi(settings.plivo_api_url, settings.plivo_auth_id, settings.plivo_auth_token[0])
    try:
        names = client.list_conferences()
    except PlivoError as error:
        hint = ": check PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN" if error.status in (401, 403) else ""
        yield bad(f"{error}{hint}")
    else:
        yield good(f"{settings.plivo_api_url} lets us in; conferences live: {len(names)}")
    finally:
        client.close()


def examine_issuer(settings: Settings) -> Iterator[Finding]:
    """The OIDC issuer, by what it publishes; nothing where there is none."""
    if not settings.oidc_issuer:
        return
    from app.console.access.issuer import Issuer

    back = settings.console_url + BACK
    try:
        count = Issuer(settings, back).examine()
    except IssuerAway as error:
        yield bad(f"nobody can sign in by OIDC: {error}")
        return
    if count:
        keys = "1 key" if count == 1 else f"{count} keys"
        yield good(f"{settings.oidc_issuer} is an issuer, with {keys}; people come back to {back}")
    else:
        yield bad(f"{settings.oidc_issuer} publishes no key that signs: nobody can sign in by it")


def _get(url: str) -> int:
    """The status; 0 when there is no answer."""
    return _ask(url).status


@dataclass(frozen=True, slots=True)
class _Answer:
    """The status, 0 when there is no answer; the reason that Gavel gives for refusing; whether it
    saw the word that was left; the path that it leads on to."""

    status: int
    reason: str = ""
    probe: str = ""
    location: str = ""


class _Staying(HTTPRedirectHandler):
    """Follows nothing."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _ask_as_plivo(settings: Settings, token: str, word: str = "") -> _Answer:
    """Ask for the XML of a conference that there is not, signed with this token."""
    url = answer_url(settings.public_url, PROBED).removesuffix(RETRIES)
    query, nonce = [("probe", word)] if word else [], secrets.token_hex(10)
    signature = sign(signed_text(PlivoRequest("GET", url, query)), nonce, token.encode())
    asked = f"{url}?probe={word}" if word else url
    return _ask(asked, {V3: signature.decode(), NONCE: nonce})


def _ask(url: str, headers: Mapping[str, str] | None = None, *, follow: bool = True) -> _Answer:
    opener = build_opener() if follow else build_opener(_Staying)
    try:
        with opener.open(Request(url, headers=dict(headers or {})), timeout=TIMEOUT) as answer:  # noqa: S310
            return _Answer(answer.status, probe=answer.headers.get(same_store.HEADER, ""))
    except HTTPError as error:
        location = urlsplit(error.headers.get("Location", "")).path
        return _Answer(error.code, _reason(error), location=location)
    except (OSError, ValueError, http.client.HTTPException):
        return _Answer(0)


def _reason(refusal: HTTPError) -> str:
    """What stands in a refusal of ours; "" for one of somebody else."""
    try:
        with refusal:
            return str(json.loads(refusal.read(READ_AT_MOST))["error"])
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
        return ""


def _said(status: int) -> str:
    return str(status) if status else "nothing"
