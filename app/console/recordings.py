"""Recordings: what was recorded, where it is, what was said in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from redis import Redis

from app.console.access.cookies import Cookies
from app.console.access.guard import may_now, operator
from app.console.copies import asked_of
from app.console.exports import exported
from app.console.frame import Pages
from app.console.listening import Listening, can_be_played, is_at_plivo
from app.console.texts import moment, shown
from app.domain.recording import Recording
from app.errors import Forbidden, NotFound
from app.operators.audit import Audit, Entry
from app.operators.copies.asking import wish, wished
from app.operators.recordings import recording, recordings, wanted_of
from app.settings import Settings
from app.store import keys
from app.store.recordings import STATES

SHOWN = 50
COLUMNS = ("id", "conference", "at", "seconds", "state", "transcript", "copy", "rule", "api_id")


@dataclass(frozen=True, slots=True)
class Found:
    """`asked` are the fields of the form that say something, as they were written; `following` is
    where to look further, "" at the end."""

    asked: Mapping[str, str]
    rows: Sequence[Recording]
    following: str


def add_routes(
    routes: Blueprint, pages: Pages, settings: Settings, redis: Redis, cookies: Cookies
) -> None:
    """The list, one recording, and its audio."""
    listening = Listening(settings, redis)

    @routes.get("/recordings", endpoint="recordings")
    def show_recordings() -> Response:
        asked = asked_of(request.args)
        cursor = request.args.get("cursor", "")
        if form := request.args.get("format", ""):
            rows = find(redis, asked, cursor).rows
            return exported(form, "recordings", COLUMNS, map(_row, rows))
        return pages.show(
            "console/recordings.html",
            lambda _now: {
                "found": find(redis, asked, cursor),
                "cursor": cursor,
                "states": [name for name in STATES if name != "all"],
            },
        )

    @routes.get("/recordings/one", endpoint="recording")
    def show_recording() -> Response:
        found = recording(redis, request.args.get("id", ""))
        came = _came_of(redis, found, request.args.get("asked", ""))
        more = {"asked": came, "copiers": bool(redis.scard(keys.COPIERS))}
        return pages.show(
            "console/recording.html", lambda _now: _shown(found) | more, (found, more)
        )

    @routes.post("/recordings/archive", endpoint="archive")
    def archive() -> ResponseReturnValue:
        found = recording(redis, request.form.get("id", ""))
        asked = wish(redis, [found.id], operator(), request.form.get("reason", ""))
        return redirect(url_for("console.recording", id=found.id, asked=asked) + "#copy", 303)

    @routes.get("/recordings/audio", endpoint="audio")
    def open_audio() -> ResponseReturnValue:
        found = audible()
        if not is_at_plivo(found):
            raise NotFound("there is no audio that a browser could open")
        told = Entry.by(operator(), "recording.open", found.id, conference=found.conference)
        Audit(redis).note(told)
        return redirect(found.url, 303)

    @routes.get("/recordings/play", endpoint="play")
    def play() -> Response:
        return listening.answer(audible(), request)

    def audible() -> Recording:
        if not cookies.from_our_page(request):
            raise Forbidden("it does not come from a page of this console")
        return recording(redis, request.args.get("id", ""))


def find(redis: Redis, asked: Mapping[str, str], cursor: str) -> Found:
    """The newest first. Raises Unusable and RedisError."""
    wanted = wanted_of(asked, numbers=may_now("operator"))
    rows, following = recordings(redis, wanted, cursor=cursor, limit=SHOWN)
    return Found(asked, rows, following)


def _came_of(redis: Redis, found: Recording, id: str) -> Mapping[str, Any]:
    """What came of a wish for copies of this recording; it is not `known` where it is of another,
    or its time is over."""
    try:
        ids, copies = wished(redis, id)
    except NotFound:
        ids, copies = (), ()
    known = found.id in ids
    shown_copies = copies if known and copies else ()
    return {"known": known, "waits": known and copies is None, "copies": shown_copies}


def _shown(found: Recording) -> dict[str, Any]:
    return {
        "found": found,
        "key": keys.conference_key(found.conference),
        "can_be_opened": is_at_plivo(found),
        "can_be_played": can_be_played(found),
        "words": shown_lines(found.transcript or ""),
    }


def shown_lines(text: str) -> Sequence[str]:
    """What was said, a paragraph each, numbers masked."""
    return [shown(line) for line in text.splitlines() if line.strip()]


def _row(one: Recording) -> Mapping[str, Any]:
    return {
        "id": shown(one.id),
        "conference": shown(one.conference),
        "at": moment(one.at),
        "seconds": one.duration,
        "state": one.state,
        "transcript": one.transcript_state,
        "copy": shown(one.archived_to),
        "rule": shown(one.rule),
        "api_id": shown(one.api_id),
    }
