"""The service's own OpenAPI document, at `/openapi.json`.

The schema that checks a trigger's body describes it as well; the fields of a callback are those of
the one list that reads them (`app.plivo.schemas`).
"""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Blueprint, Response

from app.api.document import describe
from app.domain.event import LONGEST_NAME
from app.plivo.parse import WRAPPED
from app.plivo.schemas import SPELLINGS
from app.server.request_buffer import LARGEST_BODY, LARGEST_TRANSCRIPT
from app.store.idempotency import LONGEST_KEY
from app.web.closed import require_token
from app.web.triggers import TriggerSchema

TEXT = {"type": "string"}
NAME = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME}
ERROR = {
    "type": "object",
    "properties": {"error": {"type": "string", "description": "What to correct."}},
    "required": ["error"],
}
MEANINGS = {
    400: "Unusable: the message names the field to correct.",
    401: "No bearer token, or a wrong one.",
    403: "The signature is missing or wrong, or triggers are switched off.",
    404: "No rule listens to this name.",
    413: f"The body has more than {LARGEST_BODY} bytes, or of a transcript {LARGEST_TRANSCRIPT}.",
    503: "It could not be stored: send it again.",
}
FIELDS = {
    "type": "object",
    "properties": dict.fromkeys(SPELLINGS, TEXT)
    | {WRAPPED: {**TEXT, "description": "All the other fields as one JSON object."}},
}
"""The form of a callback: Plivo alone sends it, and unknown fields are ignored."""


def document() -> dict[str, Any]:
    """The document, as JSON values."""
    spec = APISpec(
        "Gavel",
        "1",
        "3.0.3",
        info={
            "description": "Rules that run Plivo conferences. Plivo's callbacks are signed (V3)."
        },
        plugins=[MarshmallowPlugin()],
    )
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    spec.components.schema("Trigger", schema=TriggerSchema)
    spec.path("/plivo/conference", operations=_callback("What happened in a conference."))
    spec.path("/plivo/recording", operations=_callback("A recording began or is finished."))
    spec.path("/plivo/transcription", operations=_callback("A transcript is there, or failed."))
    spec.path("/plivo/answer/{conference}", operations=_answer())
    spec.path("/plivo/pin/{conference}", operations={"post": _answer()["post"]})
    spec.path("/triggers/{name}", operations={"post": _trigger()})
    describe(spec)
    spec.path("/healthz", operations={"get": _plain("Is the process alive?")})
    spec.path("/readyz", operations={"get": _plain("Can it take callbacks now?", 503)})
    closed: dict[str, Any] = {"security": [{"token": []}, {}]}
    own = _plain("What this web server counts, for Prometheus.", 401)
    spec.path("/metrics", operations={"get": own | closed})
    of_all = _plain("What all processes count together, for Prometheus.", 401, 503)
    spec.path("/metrics/cluster", operations={"get": of_all | closed})
    answers = {"200": _json_answer("The document.", {"type": "object"})} | _errors(401)
    itself = {"summary": "This document.", "responses": answers}
    spec.path("/openapi.json", operations={"get": itself | closed})
    found: dict[str, Any] = spec.to_dict()
    return found


def _callback(summary: str) -> dict[str, Any]:
    answers = {"200": _xml("Stored for good, or stored before.")} | _errors(400, 403, 413, 503)
    query = {"name": "fields", "in": "query", "style": "form", "explode": True, "schema": FIELDS}
    body = {"content": {"application/x-www-form-urlencoded": {"schema": FIELDS}}}
    return {
        "get": {"summary": summary, "parameters": [query], "responses": answers},
        "post": {"summary": summary, "requestBody": body, "responses": answers},
    }


def _answer() -> dict[str, Any]:
    found: dict[str, Any] = {
        "summary": "XML that puts a call into the conference, or asks for its PIN.",
        "parameters": [{"name": "conference", "in": "path", "required": True, "schema": NAME}],
        "responses": {"200": _xml("The answer.")} | _errors(400, 403, 413, 503),
    }
    return {"get": found, "post": found}


def _trigger() -> dict[str, Any]:
    stored = {"type": "object", "required": ["event_id"], "properties": {"event_id": TEXT}}
    key = {"type": "string", "maxLength": LONGEST_KEY, "pattern": "^[ -~]*$"}
    return {
        "summary": "Your system says that something happened.",
        "security": [{"token": []}],
        "parameters": [
            {"name": "name", "in": "path", "required": True, "schema": {**TEXT, "minLength": 1}},
            {"name": "Idempotency-Key", "in": "header", "schema": key},
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": "Trigger"}}},
        "responses": {"202": _json_answer("Stored for good.", stored)}
        | _errors(400, 401, 403, 404, 413, 503),
    }


def _plain(summary: str, *errors: int) -> dict[str, Any]:
    answer = {"description": "As text.", "content": {"text/plain": {"schema": TEXT}}}
    return {"summary": summary, "responses": {"200": answer} | _errors(*errors)}


def _xml(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/xml": {}}}


def _json_answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _errors(*statuses: int) -> dict[str, Any]:
    return {str(status): _json_answer(MEANINGS[status], ERROR) for status in statuses}


def blueprint(tokens: Sequence[str]) -> Blueprint:
    """`/openapi.json`; one of the tokens is needed where there are any."""
    routes = Blueprint("openapi", __name__)
    routes.before_request(lambda: require_token(tokens))

    @routes.get("/openapi.json")
    def openapi() -> Response:
        return Response(_text(), content_type="application/json")

    return routes


@cache
def _text() -> str:
    """Made when somebody asks for it: most processes never do."""
    return json.dumps(document(), indent=1)
