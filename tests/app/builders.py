"""Builders: requests as Plivo would send them, with defaults for everything a test leaves out."""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any
from urllib.parse import quote, urlencode

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.plivo.request import form_pairs
from app.plivo.signature import NONCE, V3, PlivoRequest, sign, signed_text
from app.settings import Settings

TOKEN = "a-token-of-the-account"
TRIGGER_TOKEN = "a-token-for-triggers"
PUBLIC_URL = "https://gavel.example.com"
FORM = "application/x-www-form-urlencoded"

_nonces = count(1)

Fields = Mapping[str, str]


def settings(**changes: Any) -> Settings:
    given: dict[str, Any] = {
        "plivo_auth_id": "MA000000000000000000",
        "plivo_auth_token": (TOKEN,),
        "trigger_token": (TRIGGER_TOKEN,),
        "public_url": PUBLIC_URL,
    }
    return Settings(**given | changes)


def enter(**changes: str) -> dict[str, str]:
    return {
        "ConferenceAction": "enter",
        "Event": "ConferenceEnter",
        "ConferenceName": "demo",
        "ConferenceUUID": "f0a7239c-f92a-11e6-87d6-d3f6ab578519",
        "ConferenceMemberID": "8398",
        "CallUUID": "e7d6125a-f92a-11e6-85a7-d3f6ab578519",
        "ConferenceFirstMember": "true",
        "Direction": "inbound",
        "From": "+14155550100",
        "To": "+14155550199",
        "CallerName": "",
        "CallStatus": "in-progress",
        "BillRate": "0.003",
    } | changes


def recording(**changes: str) -> dict[str, str]:
    return {
        "api_id": "2867b6e2-58c3-11e1-86da-adf28403fe48",
        "conference_name": "demo",
        "record_url": "https://media.plivo.com/v1/Account/MA/Recording/93bc7c6a.mp3",
        "recording_id": "93bc7c6a-3b2b-11e3",
        "recording_duration": "27",
        "recording_duration_ms": "27400",
        "recording_start_ms": "1407235509007.00000",
        "recording_end_ms": "1407235536407.00000",
    } | changes


def transcription(**changes: str) -> dict[str, str]:
    return {
        "transcription": "Good morning.",
        "transcription_charge": "0.0095",
        "transcription_rate": "0.0095",
        "duration": "27.4",
        "call_uuid": "e7d6125a-f92a-11e6-85a7-d3f6ab578519",
        "recording_id": "93bc7c6a-3b2b-11e3",
        "error": "",
    } | changes


def posted(
    fields: Mapping[str, Any] | Sequence[tuple[str, Any]],
    query: Sequence[tuple[str, str]] = (),
    json: Mapping[str, Any] | None = None,
) -> PlivoRequest:
    """A POST that has been read."""
    pairs = list(fields.items()) if isinstance(fields, Mapping) else fields
    return PlivoRequest("POST", PUBLIC_URL, query, pairs, json)


class Plivo:
    """Sends signed requests to the application."""

    def __init__(self, client: FlaskClient, public_url: str = PUBLIC_URL) -> None:
        self.client = client
        self.public_url = public_url

    def post(
        self,
        fields: Fields | str,
        path: str = "/plivo/conference",
        *,
        token: str = TOKEN,
        nonce: str = "",
        headers: Fields | None = None,
        content_type: str = FORM,
    ) -> TestResponse:
        body = fields if isinstance(fields, str) else urlencode(fields)
        pairs = form_pairs(body.encode()) if content_type == FORM else []
        signed = self.headers("POST", path, pairs, token=token, nonce=nonce)
        signed |= dict(headers or {})
        return self.client.post(path, data=body, content_type=content_type, headers=signed)

    def get(self, path: str, fields: Fields | None = None, *, token: str = TOKEN) -> TestResponse:
        full = path + ("?" + urlencode(fields) if fields else "")
        return self.client.get(full, headers=self.headers("GET", full, (), token=token))

    def headers(
        self, method: str, path: str, pairs: Any, *, token: str = TOKEN, nonce: str = ""
    ) -> dict[str, str]:
        plain, _, query = path.partition("?")
        request = PlivoRequest(method, self.public_url + plain, form_pairs(query.encode()), pairs)
        nonce = nonce or f"3162776159528613{next(_nonces):04d}"
        return {V3: sign(signed_text(request), nonce, token.encode()).decode(), NONCE: nonce}


def answer_path(conference: str) -> str:
    return "/plivo/answer/" + quote(conference, safe="")
