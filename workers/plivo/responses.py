"""Whether an answer says that it was done, and if not, what kind of failure that is.

Facts of Plivo here: docs/plivo.md 7.5 (bodies of errors may be anything, 2xx may carry an
error) and 11.8 (rely on the status only).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from workers.conference.errors import Kind, PlivoError, Sent

_TEMPORARY = frozenset({408, 425, 429})
_NEVER_SUPPORTED = frozenset({501, 505, 511})
_GATEWAY_GAVE_UP = frozenset({502, 504})  # what stood behind it may have carried the request out
_REQUEST_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_LONGEST_RETRY_AFTER = 86_400.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer as it came. `whole` is False when the body was cut off or too large."""

    status: int
    body: bytes = b""
    retry_after: str | None = None
    whole: bool = True
    date: str | None = None

    def json(self) -> Mapping[str, Any]:
        """The JSON object of the body; empty when there is none."""
        if not self.body:
            return {}
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def request_ids(self) -> tuple[str, ...]:
        """Plivo's `api_id` of the request; none where the answer has none, as 204 has."""
        id = self.json().get("api_id")
        return (id,) if isinstance(id, str) and _REQUEST_ID.fullmatch(id) else ()


def failure(asked: str, answer: Answer, now: datetime | None = None) -> PlivoError | None:
    """None when the answer says that it was done, else what went wrong, once and for all. `now`:
    from when its `Retry-After` counts, its own moment as a rule."""
    error = _failure(asked, answer, now)
    if error is not None:
        error.request_ids = answer.request_ids
    return error


def _failure(asked: str, answer: Answer, now: datetime | None) -> PlivoError | None:
    if 200 <= answer.status < 300:
        return _refusal_in_success(asked, answer)
    text = _error_text(answer)
    said = f"{asked} was answered {answer.status}" + (f": {text}" if text else "")
    return PlivoError(
        said,
        kind=_kind(answer.status),
        sent=_sent(answer.status),
        status=answer.status,
        retry_after=retry_after_seconds(answer.retry_after, now or answered_at(answer.date)),
    )


def number(value: Any) -> float | None:
    """590, "590" and "590.0" alike; None for what is no finite number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        parsed = float(value)
    except (ValueError, OverflowError):
        return None
    return parsed if abs(parsed) < 1e15 else None


def answered_at(date: str | None) -> datetime:
    """The moment of an answer by the clock of who gave it (its `Date`), from which its
    `Retry-After` counts; by ours when it does not tell."""
    try:
        told = parsedate_to_datetime(date or "")
    except ValueError:
        return datetime.now(UTC)
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """`Retry-After` as seconds from `now`: a number or an HTTP date, at most a day."""
    if value is None:
        return None
    seconds = number(value.strip())
    if seconds is None:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (moment - now).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER)


def _kind(status: int) -> Kind:
    if status == 404:
        return "gone"
    if status in _TEMPORARY or (status >= 500 and status not in _NEVER_SUPPORTED):
        return "temporary"
    return "permanent"


def _sent(status: int) -> Sent:
    return "maybe" if status in _GATEWAY_GAVE_UP else "yes"


def _refusal_in_success(asked: str, answer: Answer) -> PlivoError | None:
    """2xx with `error` is a failure (docs/plivo.md 7.5); nobody knows whether it was done."""
    if b'"error"' not in answer.body or not answer.json().get("error"):
        return None
    said = f"{asked} was answered {answer.status} with an error: {_error_text(answer)}"
    return PlivoError(said, kind="temporary", sent="maybe", status=answer.status)


def _error_text(answer: Answer) -> str:
    """The answer's own words, one short printable line; bodies may be plain text or HTML."""
    error = answer.json().get("error")
    words = error if isinstance(error, str) else answer.body[:1000].decode("utf-8", "replace")
    line = " ".join(words.split())
    return "".join(letter for letter in line if letter.isprintable())[:200]
