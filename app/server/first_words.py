"""What the web process says of Redis at its start: once, by the first of its processes."""

import logging
from threading import Thread
from typing import Any

from app.settings import Settings
from app.store.connection import connect
from app.store.server.examination import tell_when_there

log = logging.getLogger("gavel.web")


def post_worker_init(worker: Any) -> None:
    """Asked by gunicorn in each new process. Answers at once: Redis may be away for long."""
    if worker.age == 1:
        Thread(target=_tell, name="first words", daemon=True).start()


def _tell() -> None:
    settings = Settings.load()
    redis = connect(settings.redis_url or "", timeout=settings.redis_timeout)
    tell_when_there(redis, log)
    redis.close()
