"""The service's own OpenAPI document, at `/openapi.json`."""

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response

from app.domain.identifiers import LONGEST_NAME
from app.server.request_buffer import LARGEST_BODY
from app.web.triggers import LONGEST_KEY

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
    413: f"The body has more than {LARGEST_BODY} bytes.",
    503: "It could not be stored: send it again.",
}
MEMBER = {"type": "string", "pattern": "^[0-9]{1,20}$"}
SECONDS = {"type": "string", "pattern": "^-?[0-9]{1,9}([.][0-9]{1,5})?$"}
FIELDS: Mapping[str, Mapping[str, Any]] = {
    "ConferenceName": NAME,
    "ConferenceAction": {**TEXT, "enum": ["enter", "exit", "digits", "floor", "record"]},
    "Event": TEXT,
    "ConferenceUUID": TEXT,
    "ConferenceMemberID": MEMBER,
    "CallUUID": TEXT,
    "ConferenceDigitsMatch": TEXT,
    "RecordUrl": TEXT,
    "RecordingID": TEXT,
    "RecordingDuration": SECONDS,
    "conference_name": NAME,
    "record_url": {**TEXT, "minLength": 1},
    "recording_id": {**TEXT, "minLength": 1},
    "recording_duration": SECONDS,
    "transcription": TEXT,
    "error": TEXT,
    "response": {**TEXT, "description": "All the other fields as one JSON object."},
}
NEEDED: Mapping[str, tuple[str, ...]] = {
    "conference": ("ConferenceName", "ConferenceAction"),
    "recording": ("conference_name", "recording_id", "record_url"),
    "transcription": ("recording_id", "transcription"),
}
"""What the usual callback of each address carries."""


def document() -> dict[str, Any]:
    """The document, as JSON values."""
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Gavel",
            "version": "1",
            "description": "Rules that run Plivo conferences. Plivo's callbacks are signed (V3).",
        },
        "paths": {
            "/plivo/conference": _callback("conference", "What happened in a conference."),
            "/plivo/recording": _callback("recording", "A recording began or is finished."),
            "/plivo/transcription": _callback("transcription", "A transcript is there, or failed."),
            "/plivo/answer/{conference}": _answer(),
            "/triggers/{name}": {"post": _trigger()},
            "/healthz": {"get": _plain("Is the process alive?")},
            "/readyz": {"get": _plain("Can it take callbacks now?", 503)},
            "/metrics": {"get": _plain("Counters for Prometheus.", 503)},
            "/openapi.json": {
                "get": {
                    "summary": "This document.",
                    "responses": {"200": _json_answer("The document.", {"type": "object"})},
                }
            },
        },
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


def _callback(kind: str, summary: str) -> dict[str, Any]:
    answers = {"200": _xml("Stored for good, or stored before.")} | _errors(400, 403, 413, 503)
    fields = {name: FIELDS[name] for name in FIELDS if name != "response"}
    query = [
        {"name": name, "in": "query", "required": name in NEEDED[kind], "schema": fields[name]}
        for name in (*NEEDED[kind], "ConferenceMemberID", "CallUUID")
    ]
    usual = {"type": "object", "properties": fields, "required": list(NEEDED[kind])}
    wrapped = {
        "type": "object",
        "properties": {"response": FIELDS["response"]},
        "required": ["response"],
    }
    form = {"anyOf": [usual, wrapped]}
    body = {"content": {"application/x-www-form-urlencoded": {"schema": form}}}
    return {
        "get": {"summary": summary, "parameters": query, "responses": answers},
        "post": {"summary": summary, "requestBody": body, "responses": answers},
    }


def _answer() -> dict[str, Any]:
    found: dict[str, Any] = {
        "summary": "XML that puts a call into the conference.",
        "parameters": [{"name": "conference", "in": "path", "required": True, "schema": NAME}],
        "responses": {"200": _xml("The answer.")} | _errors(400, 403, 413, 503),
    }
    return {"get": found, "post": found}


def _trigger() -> dict[str, Any]:
    body = {
        "type": "object",
        "required": ["conference"],
        "additionalProperties": False,
        "properties": {
            "conference": NAME,
            "member": MEMBER,
            "data": {"type": "object"},
        },
    }
    stored = {"type": "object", "required": ["event_id"], "properties": {"event_id": TEXT}}
    key = {"type": "string", "maxLength": LONGEST_KEY, "pattern": "^[ -~]*$"}
    return {
        "summary": "Your system says that something happened.",
        "security": [{"token": []}],
        "parameters": [
            {"name": "name", "in": "path", "required": True, "schema": {**TEXT, "minLength": 1}},
            {"name": "Idempotency-Key", "in": "header", "schema": key},
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
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


def blueprint() -> Blueprint:
    """`/openapi.json`."""
    routes = Blueprint("openapi", __name__)
    text = json.dumps(document(), indent=1)

    @routes.get("/openapi.json")
    def openapi() -> Response:
        return Response(text, content_type="application/json")

    return routes
