"""The answer to a call as XML: it puts the caller into a conference and wires every callback."""

from collections.abc import Callable, Mapping
from typing import Any

from app.callers.joining import Entry
from app.plivo.elements import HANGUP, document, element, follow, speak
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
    "record_when_alone": ("recordWhenAlone", _truth),
    "send_digits": ("sendDigits", str),
    "enter_sound": ("enterSound", str),
    "exit_sound": ("exitSound", str),
    "wait_sound": ("waitSound", str),
    "relay_dtmf": ("relayDTMF", _truth),
    "digits_match": ("digitsMatch", lambda digits: ",".join(_texts(digits))),
    "floor_event": ("floorEvent", _truth),
}
"""Option in rules.yaml -> attribute of `<Conference>` and its text (docs/plivo.md 1); those that
belong to an address of ours or of theirs are written with it."""

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


def entry_xml(
    public_url: str, conference: str, rules: Published, entry: Entry, role: str = ""
) -> str:
    """The answer for one call to `conference` by this entry. `role` is that which the caller has
    proved; that of the entry comes first."""
    if refusal := entry.options.get("refuse"):
        return document(speak(refusal), HANGUP)
    return document(
        conference_element(public_url, conference, rules, entry, role),
        follow(entry.options.get("then", ())),
    )


def conference_element(
    public_url: str, conference: str, rules: Published, entry: Entry, role: str
) -> str:
    """The `<Conference>` by which this entry lets a caller in."""
    options = dict(DEFAULTS)
    if digits := rules.digits_for(conference):
        options["digits_match"] = digits
    options["floor_event"] = rules.floor_for(conference)
    options |= entry.options
    attributes = {
        name: write(options[option])
        for option, (name, write) in ATTRIBUTES.items()
        if options.get(option) is not None
    }
    attributes |= {
        "callbackUrl": conference_url(public_url, entry.role or role),
        "callbackMethod": options.get("callback_method", "POST"),
    }
    if options.get("transcribe"):
        attributes |= {
            "record": "true",  # without it there is nothing to transcribe
            "transcriptionType": options.get("transcription_type", "auto"),
            "transcriptionUrl": transcription_url(public_url, conference),
            "transcriptionMethod": options.get("transcription_method", "POST"),
        }
    if action := options.get("action"):
        attributes |= {
            "action": action["url"],
            "method": action.get("method", "POST"),
            "redirect": _truth(action.get("redirect", False)),
        }
    return element("Conference", conference, attributes)


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(item) for item in value]
