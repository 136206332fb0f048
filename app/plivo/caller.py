"""Who calls, as the request for an answer tells it (docs/plivo.md 23.1 and 23.2)."""

from app.callers.joining import TOLD
from app.domain.facts import FACTS
from app.plivo.signature import Pairs, PlivoRequest

_NAMES = {spelled: f"member.{name}" for name in TOLD for spelled in FACTS[name].spelled}
_HEADERS = ("x-ph-", "sip-h-")

_OVER = frozenset({"completed", "busy", "failed", "timeout", "no-answer", "cancel"})


def has_hung_up(request: PlivoRequest) -> bool:
    """Is this the end of a call? An application without a hang-up URL has it told to its answer
    URL (docs/plivo.md 23.3), and so do those of `gavel connect`."""
    return any(
        (key == "Event" and value == "Hangup") or (key == "CallStatus" and value in _OVER)
        for key, value in _told(request)
    )


def caller_of(request: PlivoRequest) -> dict[str, str]:
    """What `match` of `conferences` can ask about. What is empty, or is there twice with
    different values, is left out."""
    found = {**_once(_told(request), by_plivo=True), **_once(request.query, by_plivo=False)}
    return {name: value for name, value in found.items() if value}


def _told(request: PlivoRequest) -> Pairs:
    return request.fields if request.method == "POST" else request.query


def _once(pairs: Pairs, *, by_plivo: bool) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in pairs:
        name = _name(key) if by_plivo else f"query.{key}"
        if name and found.setdefault(name, value) != value:
            found[name] = ""
    return found


def _name(key: str) -> str:
    if (lower := key.lower()).startswith(_HEADERS):
        return f"header.{lower}"
    return _NAMES.get(key, "")
