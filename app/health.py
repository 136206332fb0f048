"""For the platform: is the process alive, and can it take callbacks now?"""

from flask import Blueprint, Response

from app.errors import Unavailable
from app.inbox import Inbox

PLAIN = "text/plain; charset=utf-8"


def blueprint(inbox: Inbox) -> Blueprint:
    """`/healthz` (alive) and `/readyz` (Redis takes what we store)."""
    routes = Blueprint("health", __name__)

    @routes.get("/healthz")
    def healthz() -> Response:
        return Response("alive\n", content_type=PLAIN)

    @routes.get("/readyz")
    def readyz() -> Response:
        if not inbox.writable():
            raise Unavailable("Redis can not store anything now")
        return Response("ready\n", content_type=PLAIN)

    return routes
