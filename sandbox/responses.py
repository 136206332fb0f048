"""From a result to the HTTP answer, as the switches want it."""

import json

from aiohttp import web

from sandbox.answers import Result
from sandbox.switches import Switches


def respond(result: Result, api_id: str, switches: Switches) -> web.Response:
    """JSON with `api_id`; 204 is empty unless switched; errors in the shape that is switched."""
    if result.text is not None:
        return web.Response(status=result.status, text=result.text, headers=result.headers)
    if result.status == 204 and switches.delete_answer == "empty":
        return web.Response(status=204)
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
