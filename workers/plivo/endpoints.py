"""From a wanted call to the exact requests: pure, so what is explained is what is sent.

Facts of Plivo here: docs/plivo.md 7.1 to 7.4 (rows, parameters, member ids), 11.15 (kick and
hang up take one id or `all`), 11.22 (names).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from app.domain.call import Call
from app.plivo.urls import recording_url, transcription_url
from workers.conference.errors import PlivoError
from workers.rules.vocabulary.action import Request, Verb
from workers.rules.vocabulary.actions import VERBS

_MEMBER_ID = re.compile(r"[0-9]{1,20}")  # docs/plivo.md 7.4: decimal text
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # halves of surrogate pairs, too


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request to the Conference API. `path` is what follows `/v1/Account/{auth_id}`."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None  # JSON; None: no body


READS: Mapping[str, Verb] = {
    "list_conferences": Verb(
        "list_conferences", safe=True, priority=2, account=True, request=Request("GET")
    ),
    "get_conference": Verb("get_conference", safe=True, priority=2, request=Request("GET")),
    "find_recordings": Verb("find_recordings", safe=True, priority=2, account=True),
    "delete_recording": Verb("delete_recording", safe=True, priority=2, account=True),
}
"""What is asked of Plivo and is no action, so not in their catalogue: reading, mostly."""

ENDPOINTS: Mapping[str, Verb] = {
    name: verb for name, verb in {**READS, **VERBS}.items() if verb.request is not None
}
"""All that goes to Plivo; a verb that is not here does not."""


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
    if row is None or row.request is None:
        raise refused(f"{verb!r} is not a call of the Conference API")
    method = row.request.method
    paths = [_path(row, row.request, name, member) for member in _member_forms(row, members)]
    body = _body(row.request, verb, name, params or {}, public_url) if method == "POST" else None
    return tuple(ApiRequest(method, path, body) for path in paths)


def is_safe_to_repeat(verb: str) -> bool:
    """Whether doing it twice ends as doing it once; reading is, what people hear is not."""
    return (READS.get(verb) or VERBS[verb]).safe


def encoded_name(name: str) -> str:
    """A conference's name as one path segment; refuses those that would reach another endpoint:
    empty would hang up the whole account, `..` would reach the account itself."""
    if name in ("", ".", ".."):
        raise refused(f"a conference can not be called {name!r}")
    if _CONTROL.search(name):
        raise refused(f"the conference name {name[:80]!r} has a control character")
    return quote(name, safe="")


def refused(message: str) -> PlivoError:
    """Something that is wrong before it is sent, and stays wrong."""
    return PlivoError(message, kind="permanent", sent="no")


def _path(row: Verb, request: Request, name: str, member: str) -> str:
    if row.account:
        return "/Conference/"
    of = f"/Conference/{encoded_name(name)}"
    return f"{of}/Member/{member}/{request.suffix}" if member else f"{of}/{request.suffix}"


def _member_forms(row: Verb, members: Sequence[str]) -> tuple[str, ...]:
    """The `{id}` part of each request: `all`, one id, or several in one (`10,11`) or in many."""
    if row.members == "none":
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
    return (",".join(ids),) if row.members == "list" else ids


def _body(
    request: Request, verb: str, name: str, params: Mapping[str, Any], public_url: str
) -> dict[str, Any]:
    keys = request.body
    body = {key: params[name] for name, key in keys.items() if params.get(name) is not None}
    if verb == "record":
        body["callback_url"] = recording_url(public_url, name)
        if params.get("transcribe"):
            body["transcription_type"] = "auto"
            body["transcription_url"] = transcription_url(public_url, name)
    return body
