"""Reconcile: hold what we believe against Plivo's own list of live conferences.

Callbacks get lost. Once an interval one worker asks Plivo which conferences there are and who is in
them; each answer is an event `conference.observed` in that conference's inbox, and `decide` draws
the conclusions. It runs at once when a first worker starts, so an empty Redis is rebuilt, too. A
conference of which a callback told what can hardly be is asked about within seconds, and so are
recordings that have not come (`workers.seek`).
"""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from redis.exceptions import RedisError

from app.domain.event import Event, new_id
from app.logs import step
from app.store import keys
from app.store.retention import enforce
from app.store.server.clock import redis_time
from workers.ask import ask, ids
from workers.bootstrap import Context
from workers.conference.errors import CallError
from workers.seek import seek

log = logging.getLogger("gavel.reconcile")

AT_ONCE = 8
LOOK_SECONDS = 0.5


def reconcile_forever(context: Context, stopping: threading.Event) -> None:
    """Reconcile once an interval, whichever worker is first to claim it, until `stopping`; before
    it, see to it that nothing is kept for too long."""
    while not stopping.is_set():
        try:
            reconcile_round(context, stopping)
        except RedisError as error:
            context.tell(error)
        except Exception:  # the next round may go well
            log.exception("reconcile failed, trying again in an interval")
        stopping.wait(LOOK_SECONDS)


def reconcile_round(context: Context, stopping: threading.Event) -> bool:
    """What is to be asked now: everything when an interval is over, else what is doubtful and
    sought. Says whether everything was asked, and answered. Raises RedisError."""
    claim_ms = max(100, int((context.reconcile_interval - LOOK_SECONDS) * 1000))
    whole = False
    try:
        if context.redis.set(keys.RECONCILED, "1", nx=True, px=claim_ms):
            enforce(context.redis, context.leases.keep)
            whole = reconcile(context, stopping)
        look_at_doubtful(context, stopping)
        seek(context, stopping)
    except CallError as error:
        words = "reconcile failed, trying again in an interval"
        step(log, words, level=logging.WARNING, error=error, api_id=ids(error))
    return whole


def reconcile(context: Context, stopping: threading.Event) -> bool:
    """One round over all conferences that Plivo or we believe to be live; says whether each was
    answered."""
    as_of = redis_time(context.redis)
    ours = _live(context)
    theirs = ask(context, stopping, context.api.list_conferences)
    if theirs is None:
        return False
    for name in ours - set(theirs):
        _tell(context, name, {"gone": True, "as_of": as_of})
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answered = list(pool.map(lambda name: _look(context, stopping, name), theirs))
    step(log, "reconcile", ours=len(ours), theirs=len(theirs))
    return all(answered)


def look_at_doubtful(context: Context, stopping: threading.Event) -> None:
    """Ask about conferences of which a callback told what can hardly be, each once."""
    first: Any = context.redis.zrange(keys.DOUBTFUL, 0, 0)
    if not first:
        return
    units: Any = context.redis.zrangebyscore(keys.DOUBTFUL, "-inf", redis_time(context.redis))
    for unit in units:
        name = context.redis.hget(keys.NAMES, unit)
        if context.redis.zrem(keys.DOUBTFUL, unit) and isinstance(name, bytes):
            _look(context, stopping, name.decode())


def _look(context: Context, stopping: threading.Event, name: str) -> bool:
    """Ask about one; says whether there was an answer."""
    as_of = redis_time(context.redis)
    try:
        seen = ask(context, stopping, lambda: context.api.get_conference(name))
    except CallError as error:
        if error.kind == "gone":
            told = {"api_id": error.request_ids[0]} if error.request_ids else {}
            _tell(context, name, {"gone": True, "as_of": as_of, **told})
            return True
        known = {"conference": name, "error": error, "api_id": ids(error)}
        step(log, "reconcile failed", level=logging.WARNING, **known)
        return False
    if seen is None:
        return False
    _tell(context, name, {**seen.data(), "as_of": as_of})
    return True


def _tell(context: Context, name: str, data: dict[str, Any]) -> None:
    event = Event(new_id(), "conference.observed", name, 0.0, "", data)
    context.inbox.accept(event, identities=[])


def _live(context: Context) -> set[str]:
    live: Any = context.redis.zrange(keys.LIVE, 0, -1)
    names: Any = context.redis.hmget(keys.NAMES, live) if live else []
    return {name.decode() for name in names if name}
