"""Builders with defaults for what the client is given."""

from typing import Any

from app.domain.call import Call
from workers.plivo import PlivoClient

AUTH_ID = "MA" + "GAVELTESTACCOUNT00"
AUTH_TOKEN = "a-token-nobody-may-see"
PUBLIC_URL = "https://gavel.example.com"


def call(verb: str = "mute", *members: str, conference: str = "townhall-1", **rest: Any) -> Call:
    """A call of `verb`; `params` and any other field by keyword."""
    fields: dict[str, Any] = {
        "id": "evt-1.0.0",
        "params": {},
        "run": "evt-1.0",
        "rule": "a rule",
        "step": 0,
        "event": "evt-1",
        "at": 1000.0,
        "expires_at": 1060.0,
        "on_error": "stop",
        "uuid": "u-1",
        **rest,
    }
    return Call(verb=verb, conference=conference, members=members, **fields)


def client(url: str, **rest: Any) -> PlivoClient:
    return PlivoClient(url, AUTH_ID, AUTH_TOKEN, public_url=PUBLIC_URL, **rest)
