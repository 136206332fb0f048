"""Rules: how each fares, what is silenced, the file that runs, and what it makes of an event."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from redis import Redis

from app.console.access.guard import operator
from app.console.forms import once, seconds_of
from app.console.frame import Pages
from app.domain.silence import MODES, Silence
from app.errors import Conflict, NotFound
from app.operators.rules_told import RuleTold, rules_told
from app.operators.silences import Silences
from app.store import keys
from app.store.journal import Entry, Journal
from app.store.published_rules import Published, PublishedRules
from app.store.questions import ask, asked
from app.store.server.clock import redis_time

FRESH_SECONDS = 10.0
CHANGES = 10
ASKED = ("event", "conference", "member_id", "from", "digits", "name")
LONGEST = 600
"""Characters of what is said of an event, in all."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One rule. `about` is what the workers have published of it, `silence` the one that holds
    for it everywhere."""

    id: str
    name: str
    about: Mapping[str, Any]
    told: RuleTold
    silence: Silence | None


@dataclass(frozen=True, slots=True)
class Overview:
    """`over` are silences that have ended within a day, `text` the file as it runs, `problems`
    what is wrong with the one that does not, `changes` when rules were taken, the newest first."""

    rules: Sequence[Shown]
    silences: Sequence[Silence]
    over: Sequence[Silence]
    digest: str
    text: str
    problems: Sequence[str]
    changes: Sequence[Entry]


class Fares:
    """How the rules fare, looked up at most every `FRESH_SECONDS` by a process."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._lock = Lock()
        self._found: Mapping[str, RuleTold] = {}
        self._looked = float("-inf")

    def now(self) -> Mapping[str, RuleTold]:
        """Raises RedisError."""
        with self._lock:
            if time.monotonic() - self._looked >= FRESH_SECONDS:
                self._found, self._looked = rules_told(self._redis), time.monotonic()
            return self._found


def add_routes(routes: Blueprint, pages: Pages, redis: Redis, rules: PublishedRules) -> None:
    """The page, silences over all conferences, and asking what the rules make of an event."""
    fares = Fares(redis)

    @routes.get("/rules", endpoint="rules")
    def show_rules() -> Response:
        known = rules.current(stale=True) or Published()
        return pages.show(
            "console/rules.html",
            lambda _now: {
                "found": overview(redis, known, fares.now()),
                "kinds": sorted(known.words),
                "modes": MODES,
                "asked": {name: request.args.get(name, "") for name in ASKED},
                "once": once(),
            },
        )

    @routes.post("/rules/silences", endpoint="silence_everywhere")
    def silence() -> ResponseReturnValue:
        form = request.form
        Silences(redis).add(
            operator(),
            rule=form.get("rule", ""),
            seconds=seconds_of(form, "for", own="own"),
            reason=form.get("reason", ""),
            rules=rules.current(stale=True),
            key=form.get("once", ""),
            mode=form.get("mode", "off"),
        )
        return redirect(url_for("console.rules") + "#silences", 303)

    @routes.post("/rules/silences/<id>/end", endpoint="end_any_silence")
    def end_silence(id: str) -> ResponseReturnValue:
        if not Silences(redis).end(operator(), id, request.form.get("reason", "")):
            raise Conflict("that silence has ended already")
        return redirect(url_for("console.rules") + "#silences", 303)

    @routes.post("/rules/try", endpoint="try_event")
    def try_event() -> ResponseReturnValue:
        fields = {name: request.form.get(name, "").strip()[:LONGEST] for name in ASKED}
        id = ask(redis, {name: value for name, value in fields.items() if value})
        return redirect(url_for("console.tried", id=id), 303)

    @routes.get("/rules/tried/<id>", endpoint="tried")
    def tried(id: str) -> Response:
        found = asked(redis, id)
        if found is None or "about" in found.question:
            raise NotFound("that question is not known any more: ask again on the page Rules")
        return pages.show("console/tried.html", lambda _now: {"found": found}, found.answer is None)


def overview(redis: Redis, known: Published, told: Mapping[str, RuleTold]) -> Overview:
    """Raises RedisError."""
    silences, now = Silences(redis).kept(), redis_time(redis)
    hold = [one for one in silences if one.until > now]
    everywhere = {one.rule: one for one in hold if not one.conference}
    with redis.pipeline(transaction=False) as together:
        together.get(keys.RULES_TEXT)
        together.get(keys.RULES_BROKEN)
        text, broken = together.execute()
    shown = [
        Shown(
            id,
            name,
            known.about.get(id, {}),
            told.get(name, RuleTold()),
            everywhere.get(name) or everywhere.get(""),
        )
        for id, name in known.rules.items()
    ]
    return Overview(
        shown,
        hold,
        [one for one in silences if one.until <= now],
        known.digest,
        (text or b"").decode("utf-8", "replace"),
        (broken or b"").decode("utf-8", "replace").splitlines(),
        list(Journal(redis).of_rules())[: -CHANGES - 1 : -1],
    )
