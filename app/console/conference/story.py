"""One conference: what happened in one of its instances, in the words of `gavel why`, and why not;
a picture of it; what is due and what is silenced there; what became of what was asked by hand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis

from app.console.conference.answer import Answer, answer, trying
from app.console.conference.doubts import Doubts, doubts
from app.console.conference.head import Head, head
from app.console.conference.instances import Entry, Instance, chosen, instances
from app.console.conference.picture import Picture, picture
from app.console.live import TIMERS
from app.console.texts import caller, whole_numbers
from app.domain.conference import Conference, Timer
from app.domain.silence import Silence, of_every_rule
from app.errors import NotFound
from app.operators.outcome import Outcome, outcome_of
from app.operators.reading import name_of, state_of, story, timers_of
from app.operators.silences import Silences
from app.store import keys
from app.store.journal import Journal
from app.store.published_rules import Published
from app.story.in_order import InOrder
from app.story.telling import Line, Telling, Words

MOST = 1000
"""As many entries as a journal keeps."""


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of the journal. `skipped` are the rules that did not run for it; `event` is the id
    of the event that it tells of, "" of anything else; `tries` when the same call was made before
    and failed, and how."""

    id: str
    at: float
    lines: Sequence[Line]
    skipped: Sequence[Line]
    event: str = ""
    tries: Sequence[tuple[float, Line]] = ()


@dataclass(frozen=True, slots=True)
class Did:
    """What became of something that a person asked for: `asked` in words, "" when that is not known
    yet; a silence, or how an act came out."""

    id: str
    asked: str
    outcome: Outcome | None
    silence: Silence | None


@dataclass(frozen=True, slots=True)
class Page:
    """All of it, oldest entry first. `all` are the instances that are kept, oldest first, `shown`
    the one that is told of; `live` whether it is going on. `due` are timers with their words;
    `answer` is the story in one sentence; `head` is None when nothing of it is kept; `doubts` are
    of members of whom the state says what is not so, or not yet."""

    key: str
    name: str
    state: Conference | None
    live: bool
    all: Sequence[Instance]
    shown: Instance
    told: Sequence[Told]
    picture: Picture | None
    due: Sequence[tuple[Timer, str]]
    silences: Sequence[Silence]
    answer: Answer
    head: Head | None
    doubts: Doubts

    @property
    def newest(self) -> bool:
        """Is it the last instance?"""
        return not self.all or self.shown is self.all[-1]

    @property
    def all_silenced(self) -> Silence | None:
        """By which every rule does nothing in this conference."""
        return of_every_rule(self.silences, self.name, 0.0)


def page(redis: Redis, key: str, rules: Published, now: float, instance: str = "") -> Page:
    """The page of an instance; of the last one when none is named.

    Raises NotFound for a conference or an instance of which nothing is known, and RedisError."""
    name = name_of(redis, key)
    if name is None:
        raise NotFound("nothing is known of such a conference, or not any more")
    found = instances(story(redis, key, limit=MOST).entries)
    shown = chosen(found, instance)
    state = state_of(redis, key)
    if instance not in ("", shown.uuid, state.uuid if state else ""):
        raise NotFound("nothing is known of such an instance, or not any more")
    live = state is not None and state.live and (not found or shown is found[-1])
    telling = Telling(Words(rules.words, rules.said), everything=True, numbers=whole_numbers())
    told = list(_told(_with_rules(redis, shown, live=live), telling))
    entries = [entry for _, entry in shown.entries]
    came_of_it = answer(entries, telling, rules, trying(redis, key, telling) if live else None)
    due = [(timer, _words(timer, rules)) for timer in timers_of(state)] if state and live else []
    silenced = [one for one in Silences(redis).all() if one.conference in ("", name)]
    limit_at = state.limit_at if state and live else None
    top = head(shown, state, telling, live=live) if found else None
    drawn = _picture(shown, top.ended or now, limit_at, telling) if top else None
    unsure = doubts(redis, key, state, entries) if state and live else {}
    return Page(
        key, name, state, live, found, shown, told, drawn, due, silenced, came_of_it, top, unsure
    )


def did(redis: Redis, name: str, id: str) -> Did | None:
    """What became of the act or silence of that id; None when it is of no such thing there."""
    if id.startswith("sil-"):
        silence = Silences(redis).find(id)
        of_here = silence is not None and silence.conference in ("", name)
        return Did(id, "", None, silence) if of_here else None
    outcome = outcome_of(redis, name, id) if id else None
    if outcome is None:
        return None
    events = (entry["event"] for entry in outcome.entries if entry["kind"] == "event")
    asked = next((event["data"].get("asked", "") for event in events), "")
    return Did(id, str(asked), outcome, None)


def _with_rules(redis: Redis, shown: Instance, *, live: bool) -> Sequence[Entry]:
    """The instance's entries with those that tell of rules taken while it went on."""
    if not shown.entries:
        return []
    changes = [
        (keys.digest(repr(entry)), entry)
        for entry in Journal(redis).of_rules()
        if shown.began <= entry["at"] and (live or entry["at"] <= shown.last)
    ]
    return (
        sorted([*shown.entries, *changes], key=lambda one: float(one[1]["at"]))
        if changes
        else shown.entries
    )


def _told(entries: Sequence[Entry], telling: Telling) -> Iterator[Told]:
    """Tries of a call that was made again later stand with the last of them."""
    story = InOrder(telling)
    last = {entry["call"]: id for id, entry in entries if entry["kind"] == "call"}
    tries: dict[str, list[tuple[float, Line]]] = {}
    for id, entry in entries:
        lines = list(story.lines(entry))
        call = entry["call"] if entry["kind"] == "call" else ""
        if call and entry["status"] == "retry" and last[call] != id:
            tries.setdefault(call, []).extend((entry["at"], line) for line in lines)
        elif lines:
            skipped = [line for line in lines if line.skipped]
            shown = [line for line in lines if not line.skipped]
            event = entry["event"]["id"] if entry["kind"] == "event" else ""
            yield Told(id, entry["at"], shown, skipped, event, tries.pop(call, ()))


def _picture(
    shown: Instance, until: float, limit_at: float | None, telling: Telling
) -> Picture | None:
    def title_of(entry: Mapping[str, Any]) -> str:
        line = next((line for line in telling.lines(entry) if not line.skipped), None)
        return "" if line is None else " ".join([line.head[1], *(text for _, text in line.rest)])

    return picture(shown.entries, until, limit_at, caller, title_of)


def _words(timer: Timer, rules: Published) -> str:
    """What it will do: its rule, else what kind of timer it is."""
    rule = rules.rules.get(timer.rule, "")
    return rule or TIMERS.get(timer.kind, timer.what.replace("_", " "))
