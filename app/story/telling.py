"""The journal in words: what happened, which rule ran, which call went out, how fast.

The terminal (`gavel why`, the live story of `gavel up`) and the console tell the same. Every text
that came from outside is made safe, and of phone numbers only the last four digits are told.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from app.domain.durations import format_duration
from app.domain.redaction import Redaction, safe

Entry = Mapping[str, Any]
Part = tuple[str, str]
"""A tone (good, bad, warn, main, dim, or "") and a text in it."""

STATUS = {
    "done": ("good", "done"),
    "retry": ("warn", "failed, will be tried again"),
    "split": ("warn", "refused, will be sent for each member alone"),
    "unknown": ("bad", "outcome unknown, not repeated"),
    "failed": ("bad", "given up"),
    "gone": ("warn", "not needed any more"),
    "dropped": ("warn", "not sent"),
    "dry_run": ("main", "not sent: dry run"),
}
OUTCOME = {
    "applied": "main",
    "dry_run": "main",
    "unknown": "warn",
    "failed": "bad",
    "skipped": "dim",
}

TIME_LIMIT = "time limit"
"""In the place of a rule: what a limit of the rules file did."""
_BY_HAND = re.compile(r"by hand \((.*)\)", re.DOTALL)
_NAME = re.compile(r"(?<=/Conference/)[^/\s]+")


def person(rule: str) -> str:
    """Who did by hand what the journal has under this name; "" for what a rule did."""
    found = _BY_HAND.fullmatch(rule)
    return found[1] if found else ""


def owner(rule: str) -> str:
    """Whose a call is: `rule “Greet”`, `by hand (Anna)`, `time limit`; "" when it is nobody's."""
    return rule if person(rule) or rule in ("", TIME_LIMIT) else f"rule “{rule}”"


def lasting(ms: float) -> str:
    """Milliseconds as people read them: `12.3 ms`, `13 s`, `1 min 0 s`, `2 h 5 min`."""
    if ms < 10000:
        return f"{ms:g} ms"
    seconds = round(ms / 1000)
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min {seconds % 60} s"
    return f"{minutes // 60} h {minutes % 60} min"


def readable(error: str) -> str:
    """What went wrong, with the conference's name as people write it, not as an address does."""
    return _NAME.sub(lambda found: unquote(found[0]), error)


@dataclass(frozen=True, slots=True)
class Words:
    """The catalogue's words: of each kind of event, with places for its data, and of each verb."""

    events: Mapping[str, str]
    verbs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `kind` is `event`, `rule`, `call`, `note` or `rules`; `head` is what it is about,
    `rest` how it went; `took` is how long, `briefly` the same in short; `api_id` is
    what Plivo's support asks for. `skipped`: it tells of a rule that did not run."""

    kind: str
    head: Part
    rest: tuple[Part, ...] = ()
    took: str = ""
    briefly: str = ""
    api_id: str = ""
    skipped: bool = False


class Telling:
    """Turns journal entries into lines. `everything` also tells of rules that were skipped."""

    def __init__(
        self, words: Words, *, everything: bool = False, hint: str = "", numbers: bool = False
    ) -> None:
        """`hint` is where one learns why a rule was not meant, where that is not told; `numbers`
        are told whole."""
        self._words = words
        self._everything = everything
        self._hint = hint
        self._redact = Redaction(numbers=numbers)

    def clean(self, text: object) -> str:
        """A text from outside as it may be shown."""
        return self._redact(safe(str(text)))

    def verb(self, name: str) -> str:
        """What a call does, in words."""
        return self._words.verbs.get(name, name)

    def lines(self, entry: Entry) -> Iterator[Line]:
        """Its lines; none for an entry that is not told."""
        if entry["kind"] in _TELL:
            yield from _TELL[entry["kind"]](self, entry)

    def _event(self, entry: Entry) -> Iterator[Line]:
        event = entry["event"]
        text = self._event_text(event["kind"], event.get("data", {}))
        if event["kind"] == "rules.changed" and not self._everything:
            return  # told once for all conferences
        if text:
            id = self._api_id(event.get("data", {}))
            rest = (*self._others(event), *self._nobody_meant(entry))
            yield Line("event", ("", self.clean(readable(text))), rest, api_id=id)
        if self._everything:
            yield from self._skipped(entry)

    def _nobody_meant(self, entry: Entry) -> tuple[Part, ...]:
        """That no rule ran for an event, where that is so and known."""
        if entry.get("ran") != 0:
            return ()
        count = sum(len(group["rules"]) for group in entry.get("skipped", ()))
        count += entry.get("skipped_more", 0) + entry.get("not_meant_count", 0)
        if self._everything:
            because = ""
        elif not count:
            because = ": none waits for it"
        else:
            waits = "1 waits" if count == 1 else f"{count} wait"
            because = f": {waits} for this kind; why not: {self._hint}"
        return (("dim", f"  (no rule was meant{because})"),)

    def _others(self, event: Mapping[str, Any]) -> tuple[Part, ...]:
        """How many other conferences were live, where rules ask."""
        count = event.get("account", {}).get("count")
        if count is None or not self._everything:
            return ()
        others = "1 other conference" if count == 1 else f"{count} other conferences"
        return (("dim", f"  ({others} live)"),)

    def _skipped(self, entry: Entry) -> Iterator[Line]:
        for group in entry.get("skipped", ()):
            for rule in group["rules"]:
                yield self._verdict(rule, "skipped", group["reason"])
        if more := entry.get("skipped_more", 0):
            rules = "1 more rule" if more == 1 else f"{more} more rules"
            text = f"and {rules} did not run; gavel explain tells of each"
            yield Line("rule", ("dim", text), skipped=True)

    def _run(self, entry: Entry) -> Iterator[Line]:
        outcome = entry["outcome"]
        if outcome == "applied" and person(entry["rule"]):
            return  # its event says who did what
        if outcome != "skipped" or self._everything:
            yield self._verdict(entry["rule"], outcome, entry.get("reason", ""))

    def _verdict(self, rule: str, outcome: str, reason: str) -> Line:
        words = "" if outcome == "applied" else f": {self.clean(outcome.replace('_', ' '))}"
        because = f" ({self.clean(reason)})" if reason else ""
        text = f"{owner(self.clean(rule))}{words}{because}"
        return Line("rule", (OUTCOME.get(outcome, "dim"), text), skipped=outcome == "skipped")

    def _call(self, entry: Entry) -> Iterator[Line]:
        tone, status = STATUS.get(entry["status"], ("warn", self.clean(entry["status"])))
        members = ", ".join(entry.get("members", ()))
        whom = {"": "", "all": " everyone"}.get(members, f" member {members}")
        verb = self.verb(entry["verb"])
        if part := entry.get("part"):
            verb += f" ({part})"
        took = f"{lasting(entry['ms'])} after the event" if "ms" in entry else ""
        api = f", the API took {lasting(entry['api_ms'])}" if "api_ms" in entry else ""
        brief = [lasting(entry["ms"])] if "ms" in entry else []
        brief += [f"API {lasting(entry['api_ms'])}"] if "api_ms" in entry else []
        error = ("", "")
        if entry.get("error"):
            error = ("", f": {self.clean(readable(entry['error']))}")
        if answer := _answer(entry.get("response", {})):
            error = ("", f": {self.clean(answer)}")
        head = f"{verb}{self.clean(whom)}"
        rest = ((tone, status), error)
        id = self._api_id(entry)
        yield Line("call", ("", head), rest, took + api, ", ".join(brief), api_id=id)

    def _api_id(self, told: Mapping[str, Any]) -> str:
        """The live story has no room for it."""
        return self.clean(told["api_id"]) if self._everything and told.get("api_id") else ""

    def _rules(self, entry: Entry) -> Iterator[Line]:
        for text in entry["text"].split("\n"):
            yield Line("rules", ("main" if entry["taken"] else "bad", self.clean(text)))

    def _verdicts(self, entry: Entry) -> Iterator[Line]:
        if self._everything:
            yield from self._skipped(entry)

    def _note(self, entry: Entry) -> Iterator[Line]:
        yield Line("note", ("dim", self.clean(entry["text"])))

    def _event_text(self, kind: str, data: Mapping[str, Any]) -> str | None:
        """What happened, in words; None for what people need not see."""
        if kind not in self._words.events:
            return kind
        if kind == "conference.observed":
            return "Plivo no longer knows this conference" if data.get("gone") else None
        told = {key: value for key, value in data.items() if value != ""}
        what = str(data.get("what", "")).replace("_", " ")
        words = self._words.events[kind].format_map(
            _Told(told, who=_who(data), length=_length(data), what=what, because=_because(data))
        )
        return words + _left_out(data)


_TELL: Mapping[str, Callable[[Telling, Entry], Iterator[Line]]] = {
    "event": Telling._event,
    "verdict": Telling._verdicts,
    "run": Telling._run,
    "call": Telling._call,
    "note": Telling._note,
    "rules": Telling._rules,
}


def _answer(response: Mapping[str, Any]) -> str:
    """What a webhook's receiver answered, without what is in it; "" where an error says it."""
    if "size" not in response:
        return ""
    said = f"answered {response['status']}, {response['size']} bytes"
    return said + (f", left out: {response['left_out']}" if response.get("left_out") else "")


class _Told(dict[str, Any]):
    """An event's data for the words of the catalogue; what is absent is not said."""

    def __missing__(self, key: str) -> str:
        return {"verb": "a step", "action": "no action"}.get(key, "")


def _left_out(data: Mapping[str, Any]) -> str:
    """Which fields of the callback could not be read, and why."""
    unreadable: Mapping[str, str] = data.get("unreadable", {})
    told = ", ".join(f"{name} {why}" for name, why in unreadable.items())
    return f" (left out: {told})" if told else ""


def _because(data: Mapping[str, Any]) -> str:
    return f", because: {data['reason']}" if data.get("reason") else ""


def _length(data: Mapping[str, Any]) -> str:
    return f" ({format_duration(data['duration'])})" if "duration" in data else ""


def _who(data: Mapping[str, Any]) -> str:
    name = data.get("caller_name") or data.get("from")
    member = f"member {data['member_id']}" if "member_id" in data else "somebody"
    return f"{name} ({member})" if name else member
