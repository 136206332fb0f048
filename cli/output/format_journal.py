"""The journal as lines for people: what happened, which rule ran, which call went out, how fast.

Used for the live story of `gavel up` and for `gavel why`. Every text that came from outside is
made safe for a terminal, and of phone numbers only the last four digits are shown.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rich.cells import cell_len, set_cell_size

from app.domain.durations import format_duration
from app.domain.redaction import Redaction
from app.store.journal import Entry
from cli.output.terminal import safe
from workers.rules.vocabulary.actions import VERBS
from workers.rules.vocabulary.triggers import EVENTS

NAME_WIDTH = 16
Paint = Callable[[str, str], str]

STATUS = {
    "done": ("green", "done"),
    "retry": ("yellow", "failed, will be tried again"),
    "split": ("yellow", "refused, will be sent for each member alone"),
    "unknown": ("red", "outcome unknown, not repeated"),
    "failed": ("red", "given up"),
    "gone": ("yellow", "not needed any more"),
    "dropped": ("yellow", "not sent"),
    "dry_run": ("cyan", "not sent: dry run"),
}
OUTCOME = {
    "applied": "cyan",
    "dry_run": "cyan",
    "unknown": "yellow",
    "failed": "red",
    "skipped": "dim",
}


class Story:
    """Turns journal entries into lines. `everything` also tells of rules that were skipped."""

    def __init__(self, paint: Paint, *, everything: bool = False, dates: bool = False) -> None:
        self._paint = paint
        self._everything = everything
        self._clock = "%Y-%m-%d %H:%M:%S" if dates else "%H:%M:%S"
        self._redact = Redaction()

    def lines(self, entry: Entry) -> Iterator[str]:
        """Its lines; none for an entry that is not told."""
        if entry["kind"] in _TELL:
            at, name = self._when(entry["at"]), self._name(entry["conference"])
            for told in _TELL[entry["kind"]](self, entry):
                yield f"{at}  {name}  {told}"

    def _when(self, at: float) -> str:
        clock = time.strftime(self._clock, time.localtime(at))
        return self._paint("dim", f"{clock}.{int(at % 1 * 1000):03d}")

    def _name(self, name: str) -> str:
        shown = self._clean(name)
        if cell_len(shown) > NAME_WIDTH:
            shown = set_cell_size(shown, NAME_WIDTH - 1) + "…"
        return self._paint("bold", set_cell_size(shown, NAME_WIDTH))

    def _clean(self, text: object) -> str:
        return self._redact(safe(str(text)))

    def _event(self, entry: Entry) -> Iterator[str]:
        event = entry["event"]
        text = _event_text(event["kind"], event.get("data", {}))
        if event["kind"] == "rules.changed" and not self._everything:
            return  # told once for all conferences
        if text:
            id = self._api_id(event.get("data", {}))
            yield f"● {self._clean(text)}{self._nobody_meant(entry)}{id}"
        if self._everything:
            yield from self._skipped(entry)

    def _nobody_meant(self, entry: Entry) -> str:
        """That no rule ran for an event, where that is so and known."""
        if entry.get("ran") != 0:
            return ""
        count = sum(len(group["rules"]) for group in entry.get("skipped", ()))
        count += entry.get("skipped_more", 0) + entry.get("not_meant_count", 0)
        if self._everything:
            because = ""
        elif not count:
            because = ": none waits for it"
        else:
            waits = "1 waits" if count == 1 else f"{count} wait"
            because = f": {waits} for this kind; why not: gavel why"
        return self._paint("dim", f"  (no rule was meant{because})")

    def _skipped(self, entry: Entry) -> Iterator[str]:
        for group in entry.get("skipped", ()):
            for rule in group["rules"]:
                yield self._verdict(rule, "skipped", group["reason"])
        if more := entry.get("skipped_more", 0):
            rules = "1 more rule" if more == 1 else f"{more} more rules"
            text = f"and {rules} did not run; gavel explain tells of each"
            yield "  " + self._paint("dim", text)

    def _run(self, entry: Entry) -> Iterator[str]:
        outcome = entry["outcome"]
        if outcome != "skipped" or self._everything:
            yield self._verdict(entry["rule"], outcome, entry.get("reason", ""))

    def _verdict(self, rule: str, outcome: str, reason: str) -> str:
        words = "" if outcome == "applied" else f": {outcome.replace('_', ' ')}"
        because = f" ({self._clean(reason)})" if reason else ""
        text = f"rule “{self._clean(rule)}”{words}{because}"
        return "  " + self._paint(OUTCOME.get(outcome, "dim"), text)

    def _call(self, entry: Entry) -> Iterator[str]:
        colour, status = STATUS.get(entry["status"], ("yellow", entry["status"]))
        members = ", ".join(entry.get("members", ()))
        whom = {"": "", "all": " everyone"}.get(members, f" member {members}")
        verb = VERBS[entry["verb"]].said if entry["verb"] in VERBS else entry["verb"]
        text = f"→ {verb}{self._clean(whom)}".ljust(34)
        took = f"  {entry['ms']:g} ms after the event" if "ms" in entry else ""
        api = f", the API took {entry['api_ms']:g} ms" if "api_ms" in entry else ""
        error = f": {self._clean(entry['error'])}" if entry.get("error") else ""
        told = self._paint("dim", took + api) + self._api_id(entry)
        yield f"    {text} {self._paint(colour, status)}{error}{told}"

    def _api_id(self, told: Mapping[str, Any]) -> str:
        """What Plivo's support asks for; the live story has no room for it."""
        if not self._everything or not told.get("api_id"):
            return ""
        return self._paint("dim", f"  api_id {self._clean(told['api_id'])}")

    def _verdicts(self, entry: Entry) -> Iterator[str]:
        if self._everything:
            yield from self._skipped(entry)

    def _rules(self, entry: Entry) -> Iterator[str]:
        yield self._paint("cyan" if entry["taken"] else "red", self._clean(entry["text"]))

    def _note(self, entry: Entry) -> Iterator[str]:
        yield self._paint("dim", f"  {self._clean(entry['text'])}")


_TELL: Mapping[str, Callable[[Story, Entry], Iterator[str]]] = {
    "event": Story._event,
    "verdict": Story._verdicts,
    "run": Story._run,
    "call": Story._call,
    "note": Story._note,
    "rules": Story._rules,
}


class _Told(dict[str, Any]):
    """An event's data for the words of the catalogue; what is absent is not said."""

    def __missing__(self, key: str) -> str:
        return {"verb": "a step", "action": "no action"}.get(key, "")


def _event_text(kind: str, data: Mapping[str, Any]) -> str | None:
    """What happened, in words; None for what people need not see."""
    if kind not in EVENTS:
        return kind
    if kind == "conference.observed":
        return "Plivo no longer knows this conference" if data.get("gone") else None
    told = {key: value for key, value in data.items() if value != ""}
    what = str(data.get("what", "")).replace("_", " ")
    words = EVENTS[kind].words.format_map(
        _Told(told, who=_who(data), length=_length(data), what=what, because=_because(data))
    )
    return words + _left_out(data)


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
