"""Durations as people write and read them: `30s`, `5m`, `1h30m`, `2d`.

Settings, rules, the journal and the commands share these functions.
"""

import itertools
import re

MAX_SECONDS = 366 * 24 * 3600.0
_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_WHOLE = re.compile(r"(?:\d{1,9}(?:\.\d{1,3})?(?:ms|[dhms]))+", re.ASCII)
_PART = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)(ms|[dhms])", re.ASCII)
_SHORT = {"h": "h", "mi": "m", "m": "m", "s": "s", "d": "d"}
_WORDS = re.compile(r"(\d+(?:\.\d+)?)\s*(d|h|mi|m|s)(?:ays?|ours?|rs?|ns?|nutes?|ecs?|econds?)?")


def parse_duration(text: str) -> float:
    """Seconds. Raises `ValueError` with a sentence that says what to write instead."""
    if len(text) > 40 or not _WHOLE.fullmatch(text):
        raise ValueError(f"expected a duration like 30s, 5m or 1h30m, not {_mended(text)}")
    parts = _PART.findall(text)
    sizes = [_UNITS[unit] for _, unit in parts]
    if any(left <= right for left, right in itertools.pairwise(sizes)):
        raise ValueError(f"write the larger unit first and each once, not {_shown(text)}")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if seconds > MAX_SECONDS:
        raise ValueError(f"{_shown(text)} is longer than a year")
    return seconds


def _shown(text: str) -> str:
    if not text:
        return "nothing"
    return f"{text[:40]!r}"


def _mended(text: str) -> str:
    """What was written, and how it is written as a duration where that is clear."""
    shown = _shown(text)
    if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII):
        return f"{shown} (write {text[:40]}s for seconds)"
    if clock := re.fullmatch(r"(\d{1,3}):(\d\d)", text, re.ASCII):
        minutes, seconds = (int(part) for part in clock.groups())
        return f"{shown} (write {minutes}m{seconds}s for minutes and seconds)".replace("m0s", "m")
    if clock := re.fullmatch(r"(\d{1,3}):([0-5]\d):([0-5]\d)", text, re.ASCII):
        hours, minutes, seconds = (int(part) for part in clock.groups())
        return f"{shown} (write {format_duration(hours * 3600 + minutes * 60 + seconds)})"
    joined = re.sub(r"\s+|^pt(?=\d)", "", text[:40].lower())
    if _WHOLE.fullmatch(joined):
        return f"{shown} (write {joined})"
    words = _WORDS.fullmatch(text[:40].lower())
    return shown + (f" (write {words.group(1)}{_SHORT[words.group(2)]})" if words else "")


def format_duration(seconds: float) -> str:
    """`330.0` as `5m30s`, to the millisecond; with a sign when it is negative.

    What is positive is read back by `parse_duration`.
    """
    left = round(abs(seconds) * 1000)
    if left < 1000:
        text = f"{left}ms" if left else "0s"
    else:
        text = ""
        for unit, size in (("d", 86400000), ("h", 3600000), ("m", 60000)):
            count, left = divmod(left, size)
            text += f"{count}{unit}" if count else ""
        text += f"{left / 1000:g}s" if left else ""
    return f"-{text}" if seconds < 0 and text != "0s" else text


def spoken_duration(seconds: float) -> str:
    """`330.0` as `5 minutes 30 seconds`, for texts that people hear."""
    left = round(seconds)
    words = []
    for unit, size in (("hour", 3600), ("minute", 60), ("second", 1)):
        count, left = divmod(left, size)
        if count:
            words.append(f"{count} {unit}" + ("" if count == 1 else "s"))
    return " ".join(words) or "0 seconds"
