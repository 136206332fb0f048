"""Errors of the admin API, as RFC 9457 problems."""

import json
from http import HTTPStatus

PROBLEM = "application/problem+json"


def is_api(path: str) -> bool:
    """Is this an address of the admin API, there or not?"""
    return path == "/api" or path.startswith("/api/")


def problem(status: int, detail: str) -> str:
    """The body of an error."""
    title = HTTPStatus(status).phrase
    return json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail})
