"""How a call would be answered: which entry of `conferences` is the caller's, and why no other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.callers.joining import Caller, Entry, first_for
from app.callers.pins import AskPin
from app.plivo.answer_xml import entry_xml
from app.plivo.pin_xml import ask_xml
from app.store.published_rules import Published
from workers.rules.engine.index import Rules
from workers.rules.published import published


@dataclass(frozen=True, slots=True)
class Answering:
    """`entries` are the lines of the entries that were looked at, each with why it is not the
    caller's ("" for the last, when one is); `xml` is the answer."""

    conference: str
    entries: tuple[tuple[int, str], ...]
    line: int
    xml: str

    def to_json(self) -> Mapping[str, object]:
        """As `--json` tells it."""
        return {
            "conference": self.conference,
            "entries": [{"line": line, "reason": reason} for line, reason in self.entries],
            "line": self.line,
            "xml": self.xml,
        }


def explain_answer(
    rules: Rules, conference: str, caller: Caller, now: float, public_url: str
) -> Answering:
    """What a call to this conference would be answered at that time (seconds since the epoch)."""
    entry = first_for(rules.answers, conference, caller, now)
    looked = []
    for one in rules.answers:
        looked.append((one.line, one.refuses(conference, caller, now) or ""))
        if one is entry:
            break
    told = Published.from_mapping(published(rules))
    found = entry or Entry()
    asks = "ask_pin" in found.options and "member.role" not in caller
    if asks:
        xml = ask_xml(AskPin.of(found.options["ask_pin"]), public_url, conference, 1, {})
    else:
        role = caller.get("member.role", "")
        xml = entry_xml(public_url, conference, told, found, role)
    return Answering(conference, tuple(looked), found.line, xml)


def render_answering(found: Answering) -> str:
    """For people."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Answering) -> Iterator[str]:
    yield f"a call to {found.conference}"
    yield ""
    yield "conferences:"
    for line, reason in found.entries:
        yield f"  - line {line}: {reason}" if reason else f"  + line {line} is the caller's"
    if not found.line:
        yield "  none is the caller's: they join as Plivo has it"
    yield ""
    yield "answer:"
    for part in found.xml.replace("><", ">\n<").splitlines():
        yield f"  {part}"
