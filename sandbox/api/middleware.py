"""The API's front door: who asks, how often, for what; then the operation, or a fault."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from sandbox.api import credentials
from sandbox.api.answers import Request, Result
from sandbox.api.inputs import json_object
from sandbox.api.operations import record
from sandbox.api.parameters import one_of, url
from sandbox.api.recordings import about
from sandbox.api.responses import failure, odd, reset, respond
from sandbox.api.routes import OPERATIONS, OTHER_OPERATIONS, Operation, shape_of
from sandbox.callbacks.sender import Message
from sandbox.telephony import Telephony
from sandbox.world.errors import (
    BadParameter,
    MethodNotAllowed,
    NotFound,
    RateLimited,
    SandboxError,
    TooLarge,
    Unauthenticated,
)
from sandbox.world.faults import API_KINDS, Fault
from sandbox.world.log import ApiRequest
from sandbox.world.switches import Switches

BODY_BYTES = 64 * 1024
ACCOUNT = ("v1", "Account")


class Reset(Exception):
    """The connection is to be reset in place of an answer."""


class Gateway:
    """Answers `/v1/Account/<auth_id>/…`: Conference, Recording, Application and Number."""

    def __init__(self, lines: Telephony) -> None:
        self._options = lines.options
        self._lines = lines
        self._recent: deque[float] = deque()

    async def answer(self, http: web.Request) -> web.StreamResponse:
        """Any request below `/v1/`; errors become their status and body."""
        entry = ApiRequest(at=time.time(), method=http.method, path=http.raw_path)
        self._lines.requests.append(entry)
        request = Request()
        try:
            result = await self._handle(http, entry, request)
        except SandboxError as error:
            entry.error = str(error)
            result = self._refusal(error)
        except Reset:
            entry.error = "connection reset"
            return reset(http)
        response = respond(result, request.api_id, self._lines.switches)
        entry.status = response.status
        if response.body and response.content_type == "application/json":
            entry.api_id = request.api_id
        return response

    async def _handle(self, http: web.Request, entry: ApiRequest, request: Request) -> Result:
        path = http.raw_path.partition("?")[0]
        parts = [unquote(part) for part in path.strip("/").split("/")]
        if tuple(parts[:2]) != ACCOUNT or len(parts) < 4:
            raise NotFound
        methods = _methods(path, parts[3], request, self._lines.switches)
        entry.operation, operation = methods.get(http.method, ("", None))
        entry.conference = request.conference
        entry.members = tuple(request.member_id.split(",")) if request.member_id else ()
        self._authenticate(http, parts[2])
        self._admit()
        if not methods:
            raise NotFound
        if operation is None:
            raise MethodNotAllowed
        if not path.endswith("/"):
            entry.error = "the path has no slash at its end"
            if (refusal := self._without_slash(path)) is not None:
                return refusal
        request.params = entry.params = await _params(http)
        if parts[3] == "Recording":
            request.conference = entry.conference = about(self._lines, request)
        faults = self._lines.faults.take(API_KINDS, entry.operation, entry.conference)
        entry.fault = ",".join(fault.kind for fault in faults)
        return await self._spoiled({fault.kind: fault for fault in faults}, operation, request)

    async def _spoiled(
        self, faults: Mapping[str, Fault], operation: Operation, request: Request
    ) -> Result:
        """The operation, with what goes wrong around it."""
        if "slow_before" in faults:
            await asyncio.sleep(faults["slow_before"].seconds)
        if "reset_before" in faults:
            raise Reset
        if "plain_401" in faults:
            return Result(401, text="Unauthorized")
        if "ok_error" in faults:
            return Result(200, {"error": "failed"})
        if "status" in faults:
            return failure(faults["status"])
        result = self._operate(operation, request)
        if "odd_fields" in faults:
            result = replace(result, body=odd(result.body))
        if "slow" in faults:
            await asyncio.sleep(faults["slow"].seconds)
        if "reset" in faults:
            raise Reset
        return result

    def _operate(self, operation: Operation, request: Request) -> Result:
        """Do it; with a `callback_url` the answer goes there, and this one only says so."""
        callback_url = url(request.params, "callback_url")
        method = one_of(request.params, "callback_method", ("GET", "POST"), "POST")
        result = operation(self._lines, request)
        switches = self._lines.switches
        if not callback_url or (operation is record and switches.record_answer == "sync"):
            return result
        if operation is not record or switches.record_posts_started:
            fields = {key: _as_text(value) for key, value in result.body.items()}
            self._lines.post.send(
                Message(
                    action="recording" if operation is record else "api",
                    conference=request.conference,
                    url=callback_url,
                    method=method,
                    fields={"api_id": request.api_id, **fields},
                )
            )
        return Result(int(switches.async_status), {"message": "async api spawned"})

    def _authenticate(self, http: web.Request, account: str) -> None:
        if not credentials.are_right(http.headers.get("Authorization", ""), self._options):
            raise Unauthenticated
        if account != self._options.auth_id:
            hidden = self._lines.switches.foreign_account == "not_found"
            raise NotFound if hidden else Unauthenticated

    def _admit(self) -> None:
        """The account's window: so many requests in any so many seconds."""
        now = time.monotonic()
        while self._recent and self._recent[0] <= now - self._options.rate_seconds:
            self._recent.popleft()
        if len(self._recent) >= self._options.rate:
            raise RateLimited
        self._recent.append(now)

    def _without_slash(self, path: str) -> Result | None:
        position = self._lines.switches.missing_slash
        if position == "redirect":
            return Result(301, text="", headers={"Location": path + "/"})
        return Result(404, {"error": "not found"}) if position == "not_found" else None

    def _refusal(self, error: SandboxError) -> Result:
        headers = {}
        if isinstance(error, Unauthenticated):
            headers["WWW-Authenticate"] = 'Basic realm="Plivo"'
        if isinstance(error, RateLimited) and self._lines.switches.retry_after:
            headers["Retry-After"] = str(int(self._lines.switches.retry_after))
        return Result(error.status, {"error": str(error)}, headers=headers)


def _methods(
    path: str, kind: str, request: Request, switches: Switches
) -> Mapping[str, tuple[str, Operation]]:
    """What can be done there, nothing at all where no path is; notes what the request is about."""
    names = _names(path)
    if kind == "Conference":
        if names == [""] and switches.empty_name == "all":
            names = []
        shape, request.conference, request.member_id = shape_of(names)
        return OPERATIONS.get(shape, {})
    request.item = names[0] if names else ""
    return OTHER_OPERATIONS.get((kind, *("I" for _ in names)), {})


def _names(path: str) -> list[str]:
    """What stands after …/Conference/ as sent: an empty name stays one, a last slash is none."""
    parts = path.split("/")[5:]
    if parts and parts[-1] == "":
        parts.pop()
    return [unquote(part) for part in parts]


async def _params(http: web.Request) -> dict[str, Any]:
    """Query and JSON body together; an empty body is no parameters."""
    try:
        return {**http.query, **json_object(await http.read())}
    except web.HTTPRequestEntityTooLarge as error:
        raise TooLarge from error
    except web.RequestPayloadError as error:
        raise BadParameter("the body is not what Content-Encoding says") from error


def _as_text(value: object) -> str:
    """As a form carries it: a list of ids as it stands in a path, whatever answers have, all else
    that is no text as JSON."""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ",".join(value)
    return value if isinstance(value, str) else json.dumps(value)
