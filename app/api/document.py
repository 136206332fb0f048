"""The admin API in the OpenAPI document, by the schemas that check what it takes."""

from typing import Any

from apispec import APISpec

from app.api.problems import PROBLEM
from app.api.schemas import ActBody, ArchiveBody, DropBody, RetryBody, SilenceBody
from app.operators.copies.asking import STATES as COPY_STATES
from app.operators.outcome import STATES as OUTCOMES
from app.store.idempotency import LONGEST_KEY
from app.store.recordings import STATES

Json = dict[str, Any]

TEXT = {"type": "string"}
NUMBER = {"type": "integer"}
TIME = {"type": "number", "description": "Seconds since the epoch."}
MOMENT = {**TEXT, "description": "ISO 8601; UTC unless it says another zone."}
SOUGHT = (
    "A part of the conference's name, of the recording's id, or (four digits or more) of the "
    "number of somebody who was there; with the scope read its last four digits, or the whole."
)
MENTIONED = (
    "A part of the name, or (four characters or more) of what the journal tells; of a telephone "
    "number, with the scope read, its last four digits, or the whole."
)
FLAG = {"type": "boolean"}
TEXTS = {"type": "array", "items": TEXT}
OBJECTS = {"type": "array", "items": {"type": "object"}}
PROBLEM_BODY = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": {**TEXT, "description": "What to correct."},
    },
}
MEANINGS = {
    400: "Unusable: the detail names the field to correct.",
    401: "No token, or none that holds.",
    403: "The token's scope is too small.",
    404: "There is none of this key or id.",
    409: "It does not fit what is there any more: look again.",
    413: "The body is too large.",
    503: "Not now: ask again.",
}


def describe(spec: APISpec) -> None:
    """Add every route and schema of the admin API."""
    spec.components.schema("Act", schema=ActBody)
    spec.components.schema("CopyAgain", schema=ArchiveBody)
    spec.components.schema("Silence", schema=SilenceBody)
    spec.components.schema("Retry", schema=RetryBody)
    spec.components.schema("Drop", schema=DropBody)
    for path, operations in _paths().items():
        if "get" in operations:
            operations["get"]["parameters"].append(NUMBERS)
        spec.path("/api/v1" + path, operations=operations)


def _paths() -> dict[str, Json]:
    key, id = _in_path("key"), _in_path("id")
    pages = [_query("cursor"), _query("limit", {"type": "integer", "minimum": 1, "maximum": 500})]
    state = _query("state", {"type": "string", "enum": ["live", "ended"]})
    idempotency = {
        "name": "Idempotency-Key",
        "in": "header",
        "schema": {"type": "string", "maxLength": LONGEST_KEY, "pattern": "^[ -~]*$"},
    }
    return {
        "/conferences": {
            "get": _operation(
                "Live conferences, newest first, or those that have ended, last heard of first.",
                _object(conferences=OBJECTS, next=TEXT),
                [state, _query("q", {**TEXT, "description": MENTIONED}), *pages],
            )
        },
        "/conferences/{key}": {
            "get": _operation(
                "One conference: its state, members, what is due, what is silenced.",
                _object(key=TEXT, name=TEXT, live=FLAG, members=OBJECTS, timers=OBJECTS),
                [key],
                404,
            )
        },
        "/conferences/{key}/story": {
            "get": _operation(
                "Its journal, oldest first, after the entry of that id.",
                _object(entries=OBJECTS, next=TEXT, more=FLAG, gap=FLAG),
                [key, _query("after"), pages[1]],
                404,
            )
        },
        "/conferences/{key}/actions": {
            "post": _operation(
                "Do one step of `do` there. It is accepted; what becomes of it is under `href`.",
                _object(id=TEXT, state=TEXT, href=TEXT),
                [key, idempotency],
                *(404, 413),
                body="Act",
                status=202,
            )
        },
        "/conferences/{key}/actions/{id}": {
            "get": _operation(
                "What became of an action, with the entries of the journal that tell it.",
                _object(
                    id=TEXT, state={**TEXT, "enum": list(OUTCOMES)}, reason=TEXT, entries=OBJECTS
                ),
                [key, id],
                404,
            )
        },
        "/recordings": {
            "get": _operation(
                "What was recorded, the newest first; who was there and what was said is told of "
                "one alone. An answer looks at 2,000 at most: `next` goes on, also after few or "
                "none.",
                _object(recordings=OBJECTS, next=TEXT),
                [
                    _query("q", {**TEXT, "description": SOUGHT}),
                    _query("state", {**TEXT, "enum": list(STATES)}),
                    _query("conference", {**TEXT, "description": "A whole name."}),
                    *(_query("from", MOMENT), _query("to", MOMENT)),
                    *pages,
                ],
            )
        },
        "/recordings/{id}": {
            "get": _operation(
                "One recording: where it is, who was there, what was said.",
                _object(id=TEXT, conference=TEXT, state=TEXT, url=TEXT, members=OBJECTS),
                [id],
                404,
            )
        },
        "/recordings/{id}/archive": {
            "post": _operation(
                "Copy it, once more or at last, where the rules copy recordings of its conference. "
                "A worker is asked; what came of it is under `href`.",
                _object(id=TEXT, state=TEXT, href=TEXT),
                [id],
                *(404, 413),
                body="CopyAgain",
                status=202,
            )
        },
        "/copies/{id}": {
            "get": _operation(
                "What came of copies that were asked for, for 15 minutes; each with its address.",
                _object(
                    id=TEXT,
                    state={**TEXT, "enum": ["waiting", "answered"]},
                    copies={
                        "type": "array",
                        "items": _object(
                            id=TEXT, to=TEXT, state={**TEXT, "enum": list(COPY_STATES)}, why=TEXT
                        ),
                    },
                ),
                [id],
                404,
            )
        },
        "/silences": {
            "get": _operation("What is silenced now.", _object(silences=OBJECTS)),
            "post": _operation(
                "Have a rule, or every rule, do nothing for a while.",
                _object(id=TEXT, until=TIME),
                [],
                413,
                body="Silence",
                status=201,
            ),
        },
        "/silences/{id}": {
            "delete": _operation("End a silence now.", None, [id, _query("reason")], 404)
        },
        "/attention": {
            "get": _operation(
                "Calls that were given up, what was set aside, and copies of recordings that are "
                "tried again.",
                _object(calls=OBJECTS, set_aside=OBJECTS, copies=OBJECTS),
            )
        },
        "/attention/retry": {
            "post": _operation(
                "Make calls again that were given up.",
                _object(asked=OBJECTS, missing=TEXTS, batch=TEXT),
                [],
                *(409, 413),
                body="Retry",
                status=202,
            )
        },
        "/attention/batches/{id}": {
            "get": _operation(
                "Calls that were asked for again together: how many are done, how many are left.",
                _object(id=TEXT, counts={"type": "object"}, left=NUMBER, calls=OBJECTS),
                [id],
                404,
            )
        },
        "/attention/drop": {
            "post": _operation(
                "Take calls and what was set aside off the lists: nobody needs it any more.",
                _object(dropped=TEXTS, missing=TEXTS),
                [],
                413,
                body="Drop",
            )
        },
        "/processes": {
            "get": _operation(
                "Which processes of Gavel live: host, process id, version, since when, by which "
                "rules.",
                _object(processes=OBJECTS),
            )
        },
        "/audit": {
            "get": _operation(
                "Who changed what by hand, newest first.",
                _object(entries=OBJECTS, next=TEXT),
                [
                    *(*pages, _query("who"), _query("verb"), _query("conference")),
                    *(_query("from", MOMENT), _query("to", MOMENT)),
                ],
            )
        },
    }


NUMBERS = {
    **{"name": "numbers", "in": "query"},
    "description": "Telephone numbers by their last four digits, or whole: that needs the scope "
    "act, and is in the audit.",
    "schema": {**TEXT, "enum": ["masked", "shown"]},
}


def _operation(
    summary: str,
    answer: Json | None,
    parameters: list[Json] | None = None,
    *errors: int,
    body: str = "",
    status: int = 200,
) -> Json:
    found: Json = {"summary": summary, "security": [{"token": []}], "parameters": parameters or []}
    if body:
        found["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": body}},
        }
    good = {"description": "Ended."} if answer is None else _json("As asked for.", answer)
    answers = {"204" if answer is None else str(status): good}
    for one in sorted({400, 401, 403, 503, *errors}):
        content = {PROBLEM: {"schema": PROBLEM_BODY}}
        answers[str(one)] = {"description": MEANINGS[one], "content": content}
    return found | {"responses": answers}


def _json(description: str, schema: Json) -> Json:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _object(**properties: Json) -> Json:
    return {"type": "object", "required": sorted(properties), "properties": properties}


def _in_path(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {**TEXT, "minLength": 1}}


def _query(name: str, schema: Json = TEXT) -> Json:
    return {"name": name, "in": "query", "schema": schema}
