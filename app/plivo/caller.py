"""Who calls, as the request for an answer tells it (docs/plivo.md 23.1 and 23.2)."""

from app.callers.joining import TOLD
from app.domain.facts import FACTS
from app.plivo.signature import Pairs, PlivoRequest

_NAMES = {spelled: f"member.{name}" for name in TOLD for spelled in FACTS[name].spelled}
_HEADERS = ("x-ph-", "sip-h-")


def caller_of(request: PlivoRequest) -> dict[str, str]:
    """What `match` of `conferences` can ask about. What is empty, or is there twice with
    different values, is left out."""
    told = request.fields if request.method == "POST" else request.query
    found = {**_once(told, by_plivo=True), **_once(request.query, by_plivo=False)}
    return {name: value for name, value in found.items() if value}


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
