"""From a result to the HTTP answer, as the switches want it."""

import json
import socket
import struct
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web

from sandbox.api.answers import Result
from sandbox.world.faults import Fault
from sandbox.world.switches import Switches

_KEPT = frozenset({"conferences", "conference_name", "member_id", "call_uuid", "recording_id"})

_TEXTS = {status.value: status.phrase.lower() for status in HTTPStatus if status >= 400} | {
    401: "authentication credentials were not provided",
    429: "rate limit exceeded",
    500: "server error",
}


def respond(result: Result, api_id: str, switches: Switches) -> web.Response:
    """JSON with `api_id`; 204 is empty unless switched, and still JSON by its type: the official
    Ruby SDK fails over an empty body of any other. Errors are in the shape that is switched."""
    if result.text is not None:
        return web.Response(status=result.status, text=result.text, headers=result.headers)
    if result.status == 204 and switches.delete_answer == "empty":
        return web.Response(status=204, content_type="application/json")
    if result.status >= 400 and switches.error_body != "json":
        text = str(result.body.get("error", "")) if switches.error_body == "text" else ""
        return web.Response(status=result.status, text=text, headers=result.headers)
    status = 200 if result.status == 204 else result.status
    return web.Response(
        status=status,
        body=json.dumps({**result.body, "api_id": api_id}).encode(),
        content_type="application/json",
        headers=result.headers,
    )


def failure(fault: Fault) -> Result:
    """The answer that a `status` fault wants, in the words of the real one."""
    headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after else {}
    return Result(fault.status, {"error": _TEXTS.get(fault.status, "failed")}, headers=headers)


def odd(body: Mapping[str, Any]) -> dict[str, Any]:
    """The same answer, with values that nobody expects in all but names, ids and members."""
    found: dict[str, Any] = dict(body)
    for name, value in body.items():
        if name == "members" and isinstance(value, list):
            found[name] = [odd(member) for member in value]
        elif name not in _KEPT:
            found[name] = {}
    return found


def reset(http: web.Request) -> web.Response:
    """Send RST: no byte of an answer gets out, and the other end learns of it by an error."""
    if http.transport is not None:
        at_once = struct.pack("ii", 1, 0)  # linger for 0 s: a reset in place of a goodbye
        connection = http.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        http.transport.abort()
    return web.Response(status=500)
