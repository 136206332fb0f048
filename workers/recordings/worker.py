"""The process that copies recordings: RQ's own worker on the queue `recordings`.

It forks for the work, so that at rest it holds no library of any store, and so that a copy that
dies takes nothing along. What it forked goes on with further jobs for a while: loading a library
costs more than most copies.
"""

import logging
import os
import random
import signal
import socket
import sys
import time
from importlib.metadata import version
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.executions import Execution
from rq.job import Job
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer
from rq.utils import now

from app.logs import start_logging, step
from app.metrics import processes
from app.observers import start_observers
from app.settings import Settings
from app.store import keys
from app.store.connection import connect
from app.store.server.errors import may_pass, trouble

log = logging.getLogger("gavel.recordings")

WORKER_TTL = 60
AGAIN_SECONDS = 1.0

GOES_ON_SECONDS = 60.0
"""So long after its beginning a forked process takes further jobs."""


class RecordingsWorker(Worker):
    """RQ's worker; its forked process works several jobs, one after the other."""

    def __init__(self, redis: Redis) -> None:
        name = keys.copier_name(socket.gethostname(), os.getpid())
        queue = Queue(keys.RECORDINGS_QUEUE, connection=redis, serializer=JSONSerializer)
        super().__init__(
            [queue], name=name, connection=redis, serializer=JSONSerializer, worker_ttl=WORKER_TTL
        )
        self.log_job_description = False

    def register_birth(self) -> None:
        """Tell RQ that it lives, with the version that it is."""
        rq: Any = super()  # the library's methods have no types
        rq.register_birth()
        self.connection.hset(self.key, processes.VERSION, version("gavel"))

    @property
    def is_asked_to_stop(self) -> bool:
        return self._shutdown_requested_date is not None

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """In the forked process. Never returns."""
        rq: Any = self  # the library's methods have no types
        random.seed()
        rq.setup_work_horse_signals()
        self._is_horse = True
        until = time.monotonic() + GOES_ON_SECONDS
        try:
            rq.perform_job(job, queue, self.execution)
            while time.monotonic() < until and (following := self._following(queue)) is not None:
                rq.perform_job(following, queue, rq.prepare_execution(following))
        except BaseException:
            log.exception("copying ended early")
            os._exit(1)
        os._exit(0)

    def handle_execution_ended(self, job: Job, queue: Queue, heartbeat_ttl: int) -> None:
        """Without a sign of life for the callbacks that follow: there are none."""
        job.ended_at = now()

    def handle_job_success(
        self,
        job: Job,
        queue: Queue,
        started_job_registry: StartedJobRegistry,
        execution: Execution,
    ) -> None:
        """In one step: our jobs have no dependents, repeats or results to look after."""
        with self.connection.pipeline() as together:
            self.increment_successful_job_count(pipeline=together)
            job.delete(pipeline=together, remove_from_queue=False)
            self.cleanup_execution(job, pipeline=together, execution=execution)
            together.execute()

    def _following(self, queue: Queue) -> Job | None:
        """The next job, None when none waits."""
        found = Queue.dequeue_any(
            [queue], None, connection=self.connection, serializer=JSONSerializer
        )
        return None if found is None else found[0]


def main() -> int:
    """Run one such process until SIGTERM or SIGINT: what is being copied is finished, if whoever
    ends it waits for that, else it is begun anew elsewhere. Redis being away is waited out."""
    signal.signal(signal.SIGTERM, _leave)
    settings = Settings.load().require("plivo_auth_id", "plivo_auth_token", "redis_url")
    start_logging(settings.log_format, settings.log_level, settings.secrets())
    start_observers(settings, "recordings")
    step(log, "recordings worker started")
    while not _work(settings):
        time.sleep(AGAIN_SECONDS)
    log.info("recordings worker stopped")
    return 0


def _work(settings: Settings) -> bool:
    """Until it is asked to stop (True), or until Redis is away. Asked to stop meanwhile, it ends
    without signing off."""
    worker = None
    try:
        worker = RecordingsWorker(connect(settings.redis_url or "", timeout=settings.redis_timeout))
        worker.work(logging_level="WARNING")
    except RedisError as error:
        if not may_pass(error):
            raise
        if worker is not None and worker.is_asked_to_stop:
            return True
        found = trouble(error)
        step(log, "waiting", level=found.level, kind=found.kind, reason=found.sentence)
        return False
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):  # RQ's own would be of a worker that is over
            signal.signal(number, _leave)
    return worker.is_asked_to_stop


def _leave(*_: object) -> None:
    """Nothing is held yet."""
    sys.exit(0)
