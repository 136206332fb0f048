"""What stands around every page, and the tag by which a page knows that nothing has changed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from flask import Response, g, render_template, request
from redis import Redis

from app.console.access.guard import LOOKS_FOR_NEWS
from app.console.texts import whole_numbers
from app.domain.conference import VERSION
from app.domain.silence import Silence, of_every_rule, read_silences
from app.operators import snoozes
from app.store import keys
from app.store.server.clock import SharedClock

NEWS_SECONDS = 1.9
"""Pages that look for news by themselves are told of what was so this long ago, so that many of
them are answered from one look."""
FRESH_SECONDS = 30
"""A page that nothing has changed on is made anew after so long, for what it says of "ago"."""


@dataclass(frozen=True, slots=True)
class Frame:
    """`attention`: how much waits for a person. `broken`: the rules file is. `working`: a worker
    lives. `silenced`: every rule is, everywhere. `tag` is a new one when anything may look
    different."""

    attention: int
    broken: bool
    working: bool
    silenced: Silence | None
    tag: str


class Pages:
    """Makes the pages that live, or says that they are as they were (304). Raises RedisError."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._clock = SharedClock(redis)
        self._seen: tuple[float, list[Any]] = (float("-inf"), [])

    def show(
        self, template: str, collect: Callable[[float], Mapping[str, Any]], *also: object
    ) -> Response:
        """The page of a template with what `collect` finds (it gets the time); it is not asked
        when the browser has this state. `also`: what else the page depends on."""
        now = self._clock.now()
        frame = self._look(now, also)
        if request.headers.get("If-None-Match") == frame.tag:
            response = Response(status=304)
        else:
            values = collect(now)
            response = Response(render_template(template, frame=frame, now=now, **values))
        response.headers["ETag"] = frame.tag
        return response

    def always(self, template: str, values: Mapping[str, Any]) -> Response:
        """The page of a template as it is now; it does not ask for news."""
        now = self._clock.now()
        frame = self._look(now, ())
        return Response(render_template(template, frame=frame, now=now, **values))

    def _look(self, now: float, also: tuple[object, ...]) -> Frame:
        at, found = self._seen
        if LOOKS_FOR_NEWS not in request.headers or not 0 <= now - at < NEWS_SECONDS:
            self._seen = at, found = now, self._state()
        g.seen = repr((at, found))
        _, _, broken, working, given_up, dead, silences, rows = found
        away = sum(one.count for one in snoozes.holding(snoozes.read(rows), now).values())
        mine = (g.session.role, g.session.form_token, whole_numbers(), int(now // FRESH_SECONDS))
        silenced = of_every_rule(read_silences(silences), "", now)
        told = repr((found, mine, also, silenced, request.full_path)).encode()
        tag = f'"{blake2b(told, digest_size=9).hexdigest()}"'
        return Frame(
            max(0, given_up + dead - away), broken is not None, bool(working), silenced, tag
        )

    def _state(self) -> list[Any]:
        """All that a page's look depends on."""
        with self._redis.pipeline(transaction=False) as together:
            together.get(keys.COMMITS)
            together.get(keys.RULES_DIGEST)
            together.get(keys.RULES_BROKEN)
            together.exists(keys.state_version(VERSION))
            together.llen(keys.GIVEN_UP)
            together.llen(keys.DEAD)
            together.hvals(keys.SILENCES)
            together.hgetall(keys.SNOOZED)
            found: list[Any] = together.execute()
        return found
