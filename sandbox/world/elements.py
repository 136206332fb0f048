"""The XML that a service answers with: Plivo's elements as values (docs/plivo.md 1)."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from sandbox.world.errors import SandboxError

MAX_BYTES = 100 * 1024


class BadAnswer(SandboxError):
    """The answer is not XML that Plivo would take: mend the service's answer."""


def attribute(name: str, default: Any = "") -> Any:
    """A field that is read from this XML attribute."""
    return field(default=default, metadata={"xml": name})


@dataclass(frozen=True, slots=True, kw_only=True)
class ConferenceElement:
    """`<Conference>`; booleans and numbers typed, URLs and sounds as text, "" when not given."""

    name: str
    muted: bool = attribute("muted", False)
    enter_sound: str = attribute("enterSound")
    exit_sound: str = attribute("exitSound")
    wait_sound: str = attribute("waitSound")
    start_on_enter: bool = attribute("startConferenceOnEnter", True)
    end_on_exit: bool = attribute("endConferenceOnExit", False)
    stay_alone: bool | None = attribute("stayAlone", None)
    max_members: int = attribute("maxMembers", 20)
    time_limit: int = attribute("timeLimit", 86_400)
    hang_up_on_star: bool = attribute("hangupOnStar", False)
    record: bool = attribute("record", False)
    record_format: str = attribute("recordFileFormat", "mp3")
    record_when_alone: bool = attribute("recordWhenAlone", True)
    transcription_type: str = attribute("transcriptionType")
    transcription_url: str = attribute("transcriptionUrl")
    transcription_method: str = attribute("transcriptionMethod", "POST")
    action: str = attribute("action")
    method: str = attribute("method", "POST")
    callback_url: str = attribute("callbackUrl")
    callback_method: str = attribute("callbackMethod", "POST")
    redirect: bool = attribute("redirect", True)
    digits_match: str = attribute("digitsMatch")
    floor_event: bool = attribute("floorEvent", False)
    relay_dtmf: bool = attribute("relayDTMF", True)
    send_digits: str = attribute("sendDigits")


@dataclass(frozen=True, slots=True)
class Speak:
    """`<Speak>`: read a text to this call."""

    text: str
    voice: str = "WOMAN"
    language: str = "en-US"


@dataclass(frozen=True, slots=True)
class Play:
    """`<Play>`: play a file to this call."""

    url: str


@dataclass(frozen=True, slots=True)
class Wait:
    """`<Wait>`: silence, in seconds."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GetDigits:
    """`<GetDigits>`: prompts, then digits that are sent to `action`. `most` digits, `finish` ends
    them ("": no key does); times in seconds; `log` False: they stand in no log."""

    prompts: tuple[Speak | Play, ...] = ()
    action: str = ""
    method: str = "POST"
    most: int = 99
    timeout: float = 5.0
    digit_timeout: float = 2.0
    finish: str = "#"
    retries: int = 1
    redirect: bool = True
    valid: str = "1234567890*#"
    log: bool = True


@dataclass(frozen=True, slots=True)
class Redirect:
    """`<Redirect>`: go on with the XML of another URL."""

    url: str
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Hangup:
    """`<Hangup>`: the end of the call, at once or, when something comes behind it, `schedule`
    seconds later. `reason` is "rejected", "busy" or "" and counts before the call is answered."""

    reason: str = ""
    schedule: float = 0.0


Element = ConferenceElement | Speak | Play | Wait | GetDigits | Redirect | Hangup


def read_answer(body: bytes, warn: Callable[[str], None]) -> list[Element]:
    """The elements of one `<Response>`, in order; what the sandbox does not know is warned of.

    Raises BadAnswer for what is too large, not XML, or has another root.
    """
    if len(body) > MAX_BYTES:
        raise BadAnswer(f"the XML has {len(body)} bytes; {MAX_BYTES} are allowed")
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 (expat limits expansion, size is bound)
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise BadAnswer(f"the answer is not XML: {error}") from error
    if root.tag != "Response":
        raise BadAnswer(f"the root is <{root.tag}>, it must be <Response>")
    return list(_elements(root, warn))


def _elements(root: ElementTree.Element, warn: Callable[[str], None]) -> Iterator[Element]:
    for node in root:
        text = (node.text or "").strip()
        if node.tag == "Conference":
            yield conference_element(text, node.attrib, warn)
        elif node.tag in ("Speak", "Play"):
            yield _prompt(node)
        elif node.tag == "GetDigits":
            yield _get_digits(node, warn)
        elif node.tag == "Wait":
            yield Wait(_seconds(node.get("length", "1")))
        elif node.tag == "Redirect":
            yield Redirect(text, node.get("method", "POST").upper())
        elif node.tag == "Hangup":
            yield _hang_up(node, warn)
        else:
            warn(f"<{node.tag}> is not known here and left out")


def _prompt(node: ElementTree.Element) -> Speak | Play:
    text = (node.text or "").strip()
    if node.tag == "Play":
        return Play(text)
    return Speak(text, node.get("voice", "WOMAN"), node.get("language", "en-US"))


def _hang_up(node: ElementTree.Element, warn: Callable[[str], None]) -> Hangup:
    reason, schedule = node.get("reason", ""), node.get("schedule", "")
    if reason not in ("", "rejected", "busy"):
        warn(f"<Hangup reason={reason!r}>: not a value for it, ignored")
        reason = ""
    if schedule and not _whole(schedule, 0):
        warn(f"<Hangup schedule={schedule!r}>: not a value for it, ignored")
    return Hangup(reason, float(_whole(schedule, 0)))


def _get_digits(node: ElementTree.Element, warn: Callable[[str], None]) -> GetDigits:
    for inner in node:
        if inner.tag not in ("Speak", "Play"):
            warn(f"<{inner.tag}> in <GetDigits> is not known here and left out")
    finish = node.get("finishOnKey", "#")
    return GetDigits(
        prompts=tuple(_prompt(inner) for inner in node if inner.tag in ("Speak", "Play")),
        action=node.get("action", ""),
        method=node.get("method", "POST").upper(),
        most=_whole(node.get("numDigits"), 99),
        timeout=_whole(node.get("timeout"), 5),
        digit_timeout=_whole(node.get("digitTimeout"), 2),
        finish="" if finish == "none" else finish,
        retries=_whole(node.get("retries"), 1),
        redirect=node.get("redirect", "true").lower() != "false",
        valid=node.get("validDigits", "1234567890*#"),
        log=node.get("log", "true").lower() != "false",
    )


def _whole(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdecimal() and int(text) > 0 else default


def conference_element(
    name: str, attributes: Mapping[str, str], warn: Callable[[str], None]
) -> ConferenceElement:
    """A `<Conference>` from its text and attributes, named as in XML. Wrong values: the default."""
    if not name:
        raise BadAnswer("<Conference> has no name: write it as the element's text")
    known = {item.metadata["xml"]: item for item in fields(ConferenceElement) if item.metadata}
    values: dict[str, Any] = {}
    for key, text in attributes.items():
        if key not in known:
            warn(f'<Conference {key}="…">: no such attribute, ignored')
            continue
        value = _typed(text.strip(), known[key].name)
        if value is None:
            warn(f"<Conference {key}={text!r}>: not a value for it, the default holds")
            continue
        values[known[key].name] = value
    return ConferenceElement(name=name, **values)


_BOOLEANS = {"muted", "start_on_enter", "end_on_exit", "stay_alone", "hang_up_on_star", "record"}
_BOOLEANS |= {"record_when_alone", "redirect", "floor_event", "relay_dtmf"}
_NUMBERS = {"max_members": (1, 20), "time_limit": (1, 86_400)}
_WORDS = {
    "record_format": ("mp3", "wav"),
    "transcription_type": ("auto", "hybrid", "manual", ""),
    "method": ("GET", "POST"),
    "callback_method": ("GET", "POST"),
    "transcription_method": ("GET", "POST"),
}


def _typed(text: str, name: str) -> bool | int | str | None:
    """The attribute's value, None when it cannot be one."""
    if name in _BOOLEANS:
        return {"true": True, "false": False}.get(text.lower())
    if name in _NUMBERS:
        low, high = _NUMBERS[name]
        return int(text) if text.isdecimal() and low <= int(text) <= high else None
    if name in _WORDS:
        return next((word for word in _WORDS[name] if word.lower() == text.lower()), None)
    return text


def _seconds(text: str) -> float:
    return float(text) if text.isdecimal() else 1.0
