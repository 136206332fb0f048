"""Reading what the control API is sent: JSON or a form, checked by name."""

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from aiohttp import web

from sandbox.api.parameters import whole
from sandbox.world.elements import ConferenceElement, conference_element
from sandbox.world.errors import BadParameter, TooLarge
from sandbox.world.model import Call


def by_hand(http: web.Request) -> bool:
    """Did a person send a form of the page?"""
    form = http.content_type == "application/x-www-form-urlencoded"
    return form and "text/html" in http.headers.get("Accept", "")


async def body(http: web.Request) -> dict[str, Any]:
    """The JSON object of a request, or its form."""
    try:
        if http.content_type == "application/json":
            return json_object(await http.read())
        form = await http.post()
    except web.HTTPRequestEntityTooLarge as error:
        raise TooLarge from error
    except web.RequestPayloadError as error:
        raise BadParameter("the body is not what Content-Encoding says") from error
    except (ValueError, LookupError) as error:
        raise BadParameter("the body is not a form") from error
    return {key: value for key, value in form.items() if isinstance(value, str)}


async def fields(http: web.Request, known: Sequence[str]) -> dict[str, Any]:
    """The body of a request that takes these fields and no others: a misspelt one is told."""
    wanted = await body(http)
    for name in wanted:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            meant = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
            raise BadParameter(f"{name}: no such field here; {meant}")
    return wanted


def json_object(sent: bytes) -> dict[str, Any]:
    """The object in a body; an empty body is an empty one. BadParameter for anything else."""
    try:
        wanted = json.loads(sent.strip() or b"{}")
    except (ValueError, RecursionError) as error:
        raise BadParameter("the body is not JSON") from error
    if not isinstance(wanted, dict):
        raise BadParameter("the body is not a JSON object")
    return wanted


def element(wanted: Mapping[str, Any], conference: str, call: Call) -> ConferenceElement:
    """`<Conference>` from `attributes` named as in XML; odd ones become warnings of the call."""
    attributes = wanted.get("attributes") or {}
    if not isinstance(attributes, dict):
        raise BadParameter("attributes parameter is invalid: an object of XML attributes")
    texts = {str(key): whole(_xml_text(value)) for key, value in attributes.items()}
    return conference_element(conference, texts, call.warnings.append)


def _xml_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def headers(wanted: Mapping[str, Any]) -> dict[str, str]:
    """The `SIP-H-…` fields that the call brings along."""
    given = wanted.get("headers", {})
    if not isinstance(given, dict):
        raise BadParameter("headers parameter is invalid: an object of SIP-H-… fields")
    return {whole(str(key)): whole(str(value)) for key, value in given.items()}


def text(wanted: Mapping[str, Any], name: str, default: str = "") -> str:
    """A value as text, the default when it is not given or empty."""
    value = wanted.get(name)
    return default if value is None or value == "" else whole(str(value))


def number(wanted: Mapping[str, Any], name: str, default: float, low: float = 0.0) -> float:
    """A number from `low` to a billion, the default when it is not given or empty."""
    value = wanted.get(name)
    if value is None or value == "":
        return default
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = low - 1
    if not low <= number <= 1e9:
        raise BadParameter(f"{name} parameter is invalid: {value!r}")
    return number
