"""Plivo's Application and Number APIs: which address a call to a number is answered from.

Facts of Plivo here: docs/plivo.md 28.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from workers.conference.errors import PlivoError
from workers.plivo.endpoints import ApiRequest
from workers.plivo.responses import Answer, failure
from workers.plivo.transport import FRESH_SECONDS, Transport

MOST_PAGES = 500
"""Of 20 rows each; a list that never ends is an error."""

KEPT = (
    *("fallback_answer_url", "fallback_method", "message_url", "message_method"),
    *("public_uri", "log_incoming_messages"),
)
"""Settings of an application that go back as they were read, since nobody knows whether an update
keeps what it does not name (docs/plivo.md 28.4)."""


@dataclass(frozen=True, slots=True)
class Application:
    """An application as the account has it; `fields` are as read, by Plivo's names."""

    id: str
    name: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Number:
    """A rented number, digits. `app_id` is "" when nothing answers it."""

    number: str
    app_id: str
    voice: bool


class AccountApi:
    """The account's applications and numbers. Every method raises PlivoError when it was not done;
    nothing is repeated."""

    def __init__(self, url: str, auth_id: str, auth_token: str) -> None:
        self._transport = Transport(url, auth_id, auth_token, (3.05, 10.0), FRESH_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._transport.close()

    def applications(self) -> list[Application]:
        rows = self._pages("/Application/")
        return [
            Application(_text(row, "app_id"), _text(row, "app_name"), row)
            for row in rows
            if _text(row, "app_id")
        ]

    def numbers(self) -> list[Number]:
        rows = self._pages("/Number/")
        return [
            Number(
                _text(row, "number"), _application_id(row), row.get("voice_enabled") is not False
            )
            for row in rows
            if _text(row, "number")
        ]

    def create_application(self, name: str, settings: Mapping[str, str]) -> str:
        """Its id. Raises PlivoError also when the answer tells none."""
        answer = self._send("POST", "/Application/", {"app_name": name, **settings})
        id = _text(answer.json(), "app_id")
        if not id:
            raise PlivoError(
                "Plivo made an application and told no id", kind="permanent", sent="yes"
            )
        return id

    def update_application(self, old: Application, settings: Mapping[str, str]) -> None:
        """Change these settings and send the others as they are."""
        kept = {name: old.fields[name] for name in KEPT if old.fields.get(name) not in (None, "")}
        self._send("POST", f"/Application/{_segment(old.id)}/", {**kept, **settings})

    def assign(self, number: str, app_id: str) -> None:
        """Calls to this number are answered by this application from now on."""
        self._send("POST", f"/Number/{_segment(number)}/", {"app_id": app_id})

    def _pages(self, path: str) -> Iterator[Mapping[str, Any]]:
        """All rows of a list. Only the query of `next` is followed, be it a cursor or an offset."""
        query, seen = "limit=20&offset=0", set[str]()
        while query and query not in seen:
            seen.add(query)
            found = self._send("GET", f"{path}?{query}").json()
            rows = found.get("objects")
            if not isinstance(rows, list) or len(seen) > MOST_PAGES:
                raise PlivoError(f"{path} was answered with no list", kind="permanent", sent="yes")
            yield from (row for row in rows if isinstance(row, dict))
            meta = found.get("meta")
            query = urlsplit(str((meta if isinstance(meta, dict) else {}).get("next") or "")).query

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        answer = self._transport.send(ApiRequest(method, path, body), repeatable=method == "GET")
        error = failure(f"{method} {path}", answer)
        if error is not None:
            raise error
        return answer


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return str(value) if isinstance(value, str | int) else ""


def _application_id(row: Mapping[str, Any]) -> str:
    """The last part of `/v1/Account/MA…/Application/123/`."""
    return _text(row, "application").rstrip("/").rpartition("/")[2]


def _segment(id: str) -> str:
    """Digits as one part of a path: anything else could reach another address."""
    if not (id.isascii() and id.replace("-", "").isalnum()):
        raise PlivoError(f"{id[:80]!r} is no id of Plivo's", kind="permanent", sent="no")
    return id
