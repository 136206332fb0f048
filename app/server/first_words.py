"""What begins in each of the web server's processes: traces and error reports, its row of the
metrics, the thread that tells Redis what it counted and that it lives, and, in the first one, what
is to be said of Redis."""

import logging
import time
from contextlib import suppress
from threading import Thread
from typing import Any

from redis.exceptions import RedisError

from app.loading import begin_loading, loaded
from app.metrics.counting import Counts
from app.metrics.instance import InstanceMetrics
from app.metrics.processes import EVERY_SECONDS, Beats
from app.observers import start_observers
from app.settings import Settings
from app.store.connection import connect
from app.store.published_rules import PublishedRules
from app.store.server.examination import tell_when_there
from app.web.accounts import Front
from app.web.metrics import COUNTS, INSTANCE, RULES

log = logging.getLogger("gavel.web")

WRITE_SECONDS = 1.0
LOOK_SECONDS = 0.5


def pre_fork(server: Any, worker: Any) -> None:
    """Asked by gunicorn's master before each new process: the row of the metrics that is free."""
    taken = {other.metrics_row for other in server.WORKERS.values()}
    worker.metrics_row = next(row for row in range(len(taken) + 1) if row not in taken)


def post_fork(server: Any, worker: Any) -> None:
    """Asked by gunicorn in each new process before it loads the application."""
    begin_loading()


def post_worker_init(worker: Any) -> None:
    """Asked by gunicorn in each new process. Answers at once: Redis may be away for long. What is
    started here has threads, which a process that was forked would not have."""
    loaded()
    start_observers(Settings.load(), "web")
    instance: InstanceMetrics = worker.wsgi.extensions[INSTANCE]
    instance.begin(min(worker.metrics_row, instance.rows - 1))
    counts: Counts = worker.wsgi.extensions[COUNTS]
    rules: PublishedRules = worker.wsgi.extensions[RULES]
    front = worker.wsgi if isinstance(worker.wsgi, Front) else None
    if front is not None:
        Thread(target=_look_forever, args=(front,), name="accounts", daemon=True).start()
    Thread(target=_write_forever, args=(counts, rules, front), name="counts", daemon=True).start()
    if worker.age == 1:
        Thread(target=_tell, name="first words", daemon=True).start()


def _write_forever(counts: Counts, rules: PublishedRules, front: Front | None) -> None:
    beats, last = Beats(rules.redis, "web"), float("-inf")
    while True:
        if time.monotonic() - last >= EVERY_SECONDS:
            last = time.monotonic()
            with suppress(RedisError):  # it is told elsewhere
                known = rules.current()
                beats.beat(known.digest if known else "")
        time.sleep(WRITE_SECONDS)
        counts.write()
        if front is not None:
            front.write()


def _look_forever(front: Front) -> None:
    while True:
        time.sleep(LOOK_SECONDS)
        look(front)


def look(front: Front) -> None:
    """Look at the accounts file; whatever is wrong with it, it is looked at again."""
    try:
        front.look()
    except Exception:  # a thread that ends would take no later version either
        log.exception("the accounts file could not be looked at")


def _tell() -> None:
    settings = Settings.load()
    redis = connect(settings.redis_url or "", timeout=settings.redis_timeout)
    tell_when_there(redis, log)
    redis.close()
