"""What a webhook's receiver answered: whether that is a success, and what the steps after it see.

Their answer comes from a host that nobody here vouches for, so what is taken is small and plain: at
most `LARGEST` bytes of JSON as RFC 8259 has it, in UTF-8, without a key twice (RFC 7493), nested no
deeper than `data` of a trigger may be. Anything else is left out, and said so in words.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from math import isfinite
from typing import Any

from app.nesting import is_deeper
from workers.conference.errors import Kind, WebhookError
from workers.plivo.responses import retry_after_seconds

LARGEST = 16 * 1024
DEEPEST = 32
LONGEST_NUMBER = 20
"""Digits of a whole number: all 64-bit ids fit."""


_MAY_PASS = frozenset({404, 408, 409, 425, 429})
"""Statuses of the 4xx that a receiver may give during a deploy, or that ask to come again."""


class _LeftOut(ValueError):
    """Why the body is not taken."""


def judge(host: str, status: int, retry_after: str | None, now: datetime) -> None:
    """Raises WebhookError unless the receiver took the message."""
    if 200 <= status < 300:
        return
    kind: Kind = "temporary" if status >= 500 or status in _MAY_PASS else "permanent"
    moved = ", and redirects are not followed" if 300 <= status < 400 else ""
    raise WebhookError(
        f"{host} answered {status}{moved}",
        kind=kind,
        sent="yes",
        status=status,
        retry_after=retry_after_seconds(retry_after, now),
    )


def response_of(
    status: int, body: bytes, encoding: str = "", *, whole: bool = True
) -> dict[str, Any]:
    """The answer as `status`, `size` (bytes that were read) and `json`, or `left_out`: why there is
    none. `encoding` is its Content-Encoding; not `whole`: it broke off."""
    found: dict[str, Any] = {"status": status, "size": len(body)}
    if not whole:
        return {**found, "left_out": "its body broke off"}
    try:
        return {**found, "json": _read(body, encoding)}
    except _LeftOut as why:
        return {**found, "left_out": str(why)}


def _read(body: bytes, encoding: str) -> Any:
    """Raises _LeftOut."""
    if encoding.strip().lower() not in ("", "identity"):
        raise _LeftOut("its body is compressed, which was not asked for")
    if len(body) > LARGEST:
        raise _LeftOut(f"its body has more than {LARGEST // 1024} KiB")
    if not body.strip():
        raise _LeftOut("its body is empty")
    try:
        value = json.loads(
            body.decode("utf-8-sig"),
            object_pairs_hook=_object,
            parse_int=_whole,
            parse_float=_finite,
            parse_constant=_constant,
        )
        json.dumps(value, ensure_ascii=False).encode()  # half a character would fail only later
    except _LeftOut:
        raise
    except (ValueError, RecursionError):
        raise _LeftOut("its body is no JSON") from None
    if is_deeper(value, DEEPEST):
        raise _LeftOut(f"its body is nested deeper than {DEEPEST}")
    return value


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _LeftOut("its body has a key twice")
    return found


def _whole(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise _LeftOut("its body has a number that is too long")
    return int(text)


def _finite(text: str) -> float:
    if not isfinite(number := float(text)):
        raise _LeftOut("its body has a number that is too large")
    return number


def _constant(text: str) -> float:
    raise _LeftOut(f"its body has {text.lstrip('-')}, which is no JSON")
