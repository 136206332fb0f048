"""Parameters of the Conference API and their bounds (docs/plivo.md 7.3)."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sandbox.world.errors import BadParameter
from sandbox.world.switches import Switches

_LANGUAGE = re.compile(r"[a-z]{2,3}-[A-Z]{2}(-[A-Z]+)?|arb")
_ONE_VOICE = {"da-DK": "WOMAN", "fr-CA": "WOMAN", "ru-RU": "WOMAN", "sv-SE": "WOMAN"}
_ONE_VOICE |= {"pt-PT": "MAN"}


def whole(text: str) -> str:
    """Without halves of surrogate pairs, which JSON can bring and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()


def required(params: Mapping[str, Any], name: str) -> str:
    """The text of a parameter that must be there and not empty."""
    value = params.get(name)
    if value is None or value == "":
        raise BadParameter(f"{name} parameter is missing")
    if not isinstance(value, str):
        raise BadParameter(f"{name} parameter is invalid")
    return whole(value)


def one_of(params: Mapping[str, Any], name: str, allowed: tuple[str, ...], default: str) -> str:
    """A word of a fixed set, the default when it is not given."""
    value = params.get(name)
    if value is None or value == "":
        return default
    if value not in allowed:
        raise BadParameter(f"{name} parameter is invalid: {' or '.join(allowed)}")
    return str(value)


def whole_number(
    params: Mapping[str, Any], name: str, default: int, lowest: int, highest: int
) -> int:
    """A number of these bounds, as text or number; above them the highest."""
    value = str(params.get(name, default))
    if not value.isdecimal() or int(value) < lowest:
        raise BadParameter(f"{name} parameter is invalid")
    return min(int(value), highest)


def url(params: Mapping[str, Any], name: str) -> str:
    """An http(s) URL, "" when it is not given."""
    value = params.get(name)
    if value is None or value == "":
        return ""
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
        reachable = parts is not None and parts.port != 0 and bool(parts.hostname)
    except ValueError:  # no address, or a port that is none
        parts, reachable = None, False
    if parts is None or parts.scheme not in {"http", "https"} or not reachable:
        raise BadParameter(f"{name} parameter is invalid: an http or https URL")
    return whole(value)


def sound_url(params: Mapping[str, Any]) -> str:
    """The `url` of Play: one mp3 or wav."""
    required(params, "url")
    value = url(params, "url")
    if not urlsplit(value).path.lower().endswith((".mp3", ".wav")):
        raise BadParameter("url parameter is invalid: an .mp3 or .wav file")
    return value


def speech(params: Mapping[str, Any], switches: Switches) -> tuple[str, str, str]:
    """Text, voice and language of Speak."""
    text = required(params, "text")
    if switches.speak_limit and len(text) > switches.speak_limit:
        raise BadParameter(f"text parameter is too long: {int(switches.speak_limit)} characters")
    voice = one_of(params, "voice", ("WOMAN", "MAN"), "WOMAN")
    language = params.get("language") or "en-US"
    if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
        raise BadParameter("language parameter is invalid: a code like en-US")
    if switches.voice_pair == "reject" and _ONE_VOICE.get(language, voice) != voice:
        raise BadParameter(f"voice parameter is invalid: {language} has no {voice}")
    return text, voice, language
