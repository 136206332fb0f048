"""The answer to a call as XML: it puts the caller into a conference and wires every callback."""

from collections.abc import Callable, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from app.callers.joining import Caller, Entry
from app.plivo.urls import conference_url, transcription_url
from app.store.published_rules import Published


def _truth(value: Any) -> str:
    return "true" if value else "false"


ATTRIBUTES: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    "muted": ("muted", _truth),
    "start_on_enter": ("startConferenceOnEnter", _truth),
    "end_on_exit": ("endConferenceOnExit", _truth),
    "stay_alone": ("stayAlone", _truth),
    "max_members": ("maxMembers", str),
    "time_limit": ("timeLimit", lambda seconds: str(int(seconds))),
    "hang_up_on_star": ("hangupOnStar", _truth),
    "record": ("record", _truth),
    "record_format": ("recordFileFormat", str),
    "enter_sound": ("enterSound", str),
    "exit_sound": ("exitSound", str),
    "wait_sound": ("waitSound", str),
    "relay_dtmf": ("relayDTMF", _truth),
    "digits_match": ("digitsMatch", lambda digits: ",".join(_texts(digits))),
    "floor_event": ("floorEvent", _truth),
}
"""Option in rules.yaml -> attribute of `<Conference>` and its text (docs/plivo.md 1)."""

DEFAULTS: Mapping[str, Any] = {
    "muted": False,
    "start_on_enter": True,
    "end_on_exit": False,
    "stay_alone": True,
    "max_members": 20,
    "hang_up_on_star": False,
    "record": False,
    "relay_dtmf": True,
}
"""Written always: Plivo's pages contradict each other on the defaults (docs/plivo.md 11.10)."""


def conference_xml(
    public_url: str, conference: str, rules: Published, caller: Caller | None = None
) -> str:
    """The answer for one call into `conference`."""
    entry = rules.entry_for(conference, caller or {}) or Entry()
    options = dict(DEFAULTS)
    if digits := rules.digits_for(conference):
        options["digits_match"] = digits
    options["floor_event"] = rules.floor_for(conference)
    options |= entry.options
    transcribe = options.pop("transcribe", False)
    attributes = {
        name: write(options[option])
        for option, (name, write) in ATTRIBUTES.items()
        if options.get(option) is not None
    }
    attributes |= {
        "callbackUrl": conference_url(public_url, entry.role),
        "callbackMethod": "POST",
    }
    if transcribe:
        attributes |= {
            "record": "true",  # without it there is nothing to transcribe
            "transcriptionType": "auto",
            "transcriptionUrl": transcription_url(public_url, conference),
            "transcriptionMethod": "POST",
        }
    written = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<Response><Conference{written}>{escape(conference)}</Conference></Response>"
    )


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(item) for item in value]
