"""JSON as Redis keeps it: without spaces, in UTF-8.

The texts and values are those of Python's `json`. msgspec makes and reads them (a tenth of the CPU,
docs/decisions/0211) but for what it refuses or takes otherwise, which is left to `json`: halves of
surrogate pairs (written as escapes, for UTF-8 has none), NaN and the infinities.
"""

import json
import math
from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_encode_others = json.JSONEncoder(separators=(",", ":")).encode


def encode(value: Any) -> str:
    """The text of a value, tuples as lists. Raises TypeError or ValueError for what is none."""
    try:
        text = _encode(value).decode()
    except (UnicodeEncodeError, TypeError):
        return _encode_others(value)
    if "null" in text and not _is_finite(value):  # for msgspec, NaN is null
        return _encode_others(value)
    return text


def decode(text: str | bytes) -> Any:
    """The value of a JSON text. Raises ValueError for what is none."""
    try:
        return _decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return json.loads(text)


def _is_finite(value: Any) -> bool:
    """Are all numbers in it such as JSON has?"""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_finite, value))
    return True
