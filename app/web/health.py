"""For the platform: is the process alive, can it take callbacks now?"""

from typing import Any

from flask import Blueprint, Response, request
from redis import Redis
from redis.exceptions import RedisError

from app.errors import NotYet
from app.metrics.counting import Counts
from app.store import keys
from app.store.inbox import Inbox
from app.store.published_rules import PublishedRules
from app.store.server import same_store
from app.store.timers import ring

PLAIN = "text/plain; charset=utf-8"


def _set_aside(redis: Redis) -> str:
    """A line that says so when something waits for a person."""
    try:
        count: Any = redis.llen(keys.DEAD)
    except RedisError:
        return ""
    return f"set aside: {count} (gavel doctor tells)\n" if count else ""


def blueprint(inbox: Inbox, counts: Counts, rules: PublishedRules, has_account: bool) -> Blueprint:
    """`/healthz`: alive. `/readyz`: Redis does all that we need and the rules are known; a second
    line when something was set aside, which is no reason not to be ready; asked with `probe`, a
    header tells whether that word of `gavel doctor` is in our Redis. Rules are of an account: a
    service that has none of its own needs none."""
    routes = Blueprint("health", __name__)

    @routes.get("/healthz")
    def healthz() -> Response:
        return Response("alive\n", content_type=PLAIN)

    @routes.get("/readyz")
    def readyz() -> Response:
        inbox.probe()
        counts.write()
        if has_account and rules.current(stale=True) is None:
            ring(inbox.redis)
            raise NotYet("no worker has loaded the rules yet")
        answer = Response(f"ready\n{_set_aside(inbox.redis)}", content_type=PLAIN)
        if word := request.args.get("probe"):
            answer.headers[same_store.HEADER] = same_store.look(inbox.redis, word)
        return answer

    return routes
