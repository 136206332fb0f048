"""From a wanted call to the exact requests: pure, so what is explained is what is sent.

Facts of Plivo here: docs/plivo.md 7.1 to 7.4 (rows, parameters, member ids), 11.15 (kick and
hang up take one id or `all`), 11.22 (names).
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from app.domain.call import Call
from app.plivo.urls import recording_url, transcription_url
from workers.conference.errors import PlivoError
from workers.rules.vocabulary.actions import VERBS

_MEMBER_ID = re.compile(r"[0-9]{1,20}")  # docs/plivo.md 7.4: decimal text


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request to the Conference API. `path` is what follows `/v1/Account/{auth_id}`."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None  # JSON; None: no body


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row of docs/plivo.md 7.2: how a verb becomes a request."""

    method: str
    scope: Literal["account", "conference", "member", "members"]
    suffix: str = ""

    def path(self, name: str, member: str = "") -> str:
        if self.scope == "account":
            return "/Conference/"
        if self.scope == "conference":
            return f"/Conference/{encoded_name(name)}/{self.suffix}"
        return f"/Conference/{encoded_name(name)}/Member/{member}/{self.suffix}"


ENDPOINTS: Mapping[str, Endpoint] = {
    "list_conferences": Endpoint("GET", "account"),
    "get_conference": Endpoint("GET", "conference"),
    "hang_up": Endpoint("DELETE", "conference"),
    "hang_up_all": Endpoint("DELETE", "account"),
    "hang_up_member": Endpoint("DELETE", "member"),
    "kick": Endpoint("POST", "member", "Kick/"),
    "mute": Endpoint("POST", "members", "Mute/"),
    "unmute": Endpoint("DELETE", "members", "Mute/"),
    "deaf": Endpoint("POST", "members", "Deaf/"),
    "undeaf": Endpoint("DELETE", "members", "Deaf/"),
    "play": Endpoint("POST", "members", "Play/"),
    "stop_play": Endpoint("DELETE", "members", "Play/"),
    "speak": Endpoint("POST", "members", "Speak/"),
    "stop_speak": Endpoint("DELETE", "members", "Speak/"),
    "record": Endpoint("POST", "conference", "Record/"),
    "stop_recording": Endpoint("DELETE", "conference", "Record/"),
}
"""The 16 rows; a verb that is not here does not go to Plivo."""

_BODY_KEYS: Mapping[str, Mapping[str, str]] = {
    "speak": {"text": "text", "voice": "voice", "language": "language"},
    "play": {"url": "url"},
    "record": {"format": "file_format"},
}
"""What a call's parameters are called in the body."""


def build_requests(call: Call, public_url: str) -> tuple[ApiRequest, ...]:
    """The requests that `call` means, in order; several only for kick and hang up of several
    members. Raises PlivoError (permanent, nothing sent) for what must never be sent."""
    if call.verb not in VERBS:
        raise refused(f"{call.verb!r} is no verb of a call")
    return build(call.verb, call.conference, call.members, call.params, public_url)


def build(
    verb: str,
    name: str = "",
    members: Sequence[str] = (),
    params: Mapping[str, Any] | None = None,
    public_url: str = "",
) -> tuple[ApiRequest, ...]:
    """`build_requests` with the parts of a call; reading (`list_conferences`, …) included."""
    row = ENDPOINTS.get(verb)
    if row is None:
        raise refused(f"{verb!r} is not a call of the Conference API")
    paths = [row.path(name, member) for member in _member_forms(row, members)]
    body = _body(verb, name, params or {}, public_url) if row.method == "POST" else None
    return tuple(ApiRequest(row.method, path, body) for path in paths)


def is_safe_to_repeat(verb: str) -> bool:
    """Whether doing it twice ends as doing it once; reading is, what people hear is not."""
    return verb in ("list_conferences", "get_conference") or VERBS[verb].safe


def encoded_name(name: str) -> str:
    """A conference's name as one path segment; refuses those that would reach another endpoint:
    empty would hang up the whole account, `..` would reach the account itself."""
    if name in ("", ".", ".."):
        raise refused(f"a conference can not be called {name!r}")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        raise refused(f"the conference name {name[:80]!r} has a control character")
    return quote(name, safe="")


def refused(message: str) -> PlivoError:
    """Something that is wrong before it is sent, and stays wrong."""
    return PlivoError(message, kind="permanent", sent="no")


def _member_forms(row: Endpoint, members: Sequence[str]) -> tuple[str, ...]:
    """The `{id}` part of each request: `all`, one id, or several in one (`10,11`) or in many."""
    if row.scope in ("account", "conference"):
        if members:
            raise refused("this call is for a whole conference, not for members")
        return ("",)
    if not members:
        raise refused("this call names no member")
    if tuple(members) == ("all",):
        return ("all",)
    ids = tuple(dict.fromkeys(members))
    for member in ids:
        if member == "all" or _MEMBER_ID.fullmatch(member) is None:
            raise refused(f"{member[:80]!r} is not a member id")
    return (",".join(ids),) if row.scope == "members" else ids


def _body(verb: str, name: str, params: Mapping[str, Any], public_url: str) -> dict[str, Any]:
    keys = _BODY_KEYS.get(verb, {})
    body = {key: params[name] for name, key in keys.items() if params.get(name) is not None}
    if verb == "record":
        body["callback_url"] = recording_url(public_url, name)
        if params.get("transcribe"):
            body["transcription_type"] = "auto"
            body["transcription_url"] = transcription_url(public_url, name)
    return body
