"""One worker process: RQ's worker with threads, and the clock that fires timers.

RQ's own loop runs one job after the other and writes about a dozen times for each; here every
thread takes its next wake-up straight from RQ's queue, so that many conferences are under way at
once and a wake-up costs one round trip (docs/decisions/0001). One thread listens at a time: it
works what it hears, and the next free one listens. So a process at rest waits on one connection,
and no wake-up is taken that nobody is free to work. The worker is registered with RQ, so `rq info`
shows it, and RQ's stock worker can work the same queue.
"""

import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker
from rq.worker_registration import clean_worker_registry

from app.accounts.file import AccountsError
from app.logs import fields, start_logging, step
from app.observers import start_observers
from app.settings import Settings
from app.store import keys
from app.store.server.errors import may_pass, trouble
from app.store.server.examination import tell_at_start
from app.yaml.problems import FileError
from workers.accounts.contexts import UnknownAccount
from workers.accounts.left_out import LeftOut
from workers.accounts.rounds import AccountRounds, rounds_of
from workers.bootstrap import Context, bootstrap
from workers.jobs import work
from workers.reconcile import reconcile_forever
from workers.threads import Crew, Threads
from workers.ticker import tick_forever, watch_rules
from workers.webhooks import shares

log = logging.getLogger("gavel.worker")

LISTEN_SHARE = 0.75  # of the client's time-out: waiting for a wake-up ends before it
HEARTBEAT_SECONDS = 10.0
WORKER_TTL = 30
STOP_SECONDS = 15.0
AGAIN_SECONDS = 0.5
AWAY_SECONDS = 0.3


class ConferenceWorker(SimpleWorker):
    """RQ's worker, working many wake-ups at once."""

    def __init__(
        self, context: Context, threads: int, accounts: AccountRounds | None = None
    ) -> None:
        queue = Queue(keys.QUEUE_NAME, connection=context.redis, serializer=JSONSerializer)
        name = keys.worker_name(socket.gethostname(), os.getpid())
        super().__init__(
            [queue],
            name=name,
            connection=context.redis,
            serializer=JSONSerializer,
            worker_ttl=WORKER_TTL,
        )
        self.context, self.accounts = context, accounts
        self.left_out = accounts.contexts.left_out if accounts else LeftOut()
        self.crew = Crew(threads, self._next_wake_up, self._hand_out, context.stopping)
        self.webhooks = Threads(shares.THREADS, self._work)
        self.stopping = context.stopping

    def _set_connection(self, connection: Redis) -> Redis:
        """The client as it is. RQ would raise its time-out to 25 s, for everything that uses it:
        connections made before would time out while they wait for a wake-up, later ones would
        not notice for so long that Redis is away."""
        return connection

    def run(self) -> None:
        """Work until `stop`; returns when every thread has given back what it held."""
        at_rest = threading.Event()  # until then the clock keeps the leases of calls under way
        clock = _start(lambda: tick_forever(self.context, at_rest, self.accounts))
        self.crew.start()
        self._register()
        # Last: the receiver is ready once the rules are known, and the first call shall find all
        # at work.
        rest = [_start(lambda: watch_rules(self.context, self.stopping, self.accounts))]
        if self.context.serves:
            rest.append(_start(lambda: reconcile_forever(self.context, self.stopping)))
        if (accounts := self.accounts) is not None:
            rest.append(_start(lambda: accounts.reconcile_forever(self.stopping)))
        while not self.stopping.wait(HEARTBEAT_SECONDS):
            self._register()
        until = time.monotonic() + STOP_SECONDS
        for thread in rest:
            thread.join(max(0.0, until - time.monotonic()))
        self.crew.join(until)
        self.webhooks.join(until)
        at_rest.set()
        self.context.leases.alarm.within(0.0)
        clock.join(1.0)
        self._unregister()

    def stop(self, *_: object) -> None:
        self.stopping.set()
        self.webhooks.stop()

    def _hand_out(self, key: str) -> None:
        """Work a unit, or hand it to a thread of the webhooks': a slow receiver keeps no conference
        waiting."""
        if keys.is_web(keys.account_of(key)[1]):
            self.webhooks.submit(key)
        else:
            self._work(key)

    def _next_wake_up(self) -> str:
        """The unit to work; "" when none came in time, Redis is away or the worker stops."""
        redis: Any = self.context.redis
        seconds = redis.connection_pool.connection_kwargs["socket_timeout"] * LISTEN_SHARE
        try:
            popped = redis.blpop([keys.QUEUE], timeout=seconds)
        except RedisError as error:
            self._redis_is_away(error)  # the others wait: it is enough that one of them asks
            return ""
        return popped[1].decode() if popped else ""

    def _work(self, key: str) -> None:
        """Work the unit of a job; whatever happens, the thread lives on, and the unit is taken up
        again by the clock."""
        account, unit = keys.account_of(key)
        try:
            work(self._context_of(account), unit)
        except (FileError, UnknownAccount) as error:  # its events wait for as long
            self.left_out.tell(account, error)
        except RedisError as error:
            self._redis_is_away(error)
        except Exception:
            log.exception("a turn ended early", extra=fields(unit=key))
            self.stopping.wait(AWAY_SECONDS)

    def _context_of(self, account: str) -> Context:
        """Raises UnknownAccount, FileError and RedisError."""
        if self.accounts is not None:
            return self.accounts.contexts.of(account)
        if account:
            raise UnknownAccount("there is no accounts file")
        return self.context

    def _redis_is_away(self, error: RedisError) -> None:
        self.context.tell(error)
        self.stopping.wait(AWAY_SECONDS)

    def _register(self) -> None:
        """Show `rq info` the queue and that we live, and take from its lists who was killed and so
        never signed off: they are gone after `WORKER_TTL`."""
        rq: Any = self  # the library's methods have no types
        try:
            if self.birth_date is None or not self.connection.exists(self.key):
                rq.register_birth()
            self.heartbeat(WORKER_TTL)
            for (
                queue
            ) in self.queues:  # RQ's own loop and `enqueue`, which are replaced, would do it
                self.connection.sadd(queue.redis_queues_keys, queue.key)
                clean_worker_registry(queue)
        except (RedisError, ValueError) as error:
            step(log, "could not register with RQ", level=logging.WARNING, error=error)

    def _unregister(self) -> None:
        rq: Any = self
        try:
            rq.register_death()
        except RedisError as error:
            step(log, "could not sign off from RQ", level=logging.WARNING, error=error)


def _start(part: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=part, daemon=True)
    thread.start()
    return thread


def _bootstrap_when_redis_is_there(settings: Settings) -> Context:
    told = ""
    while True:
        try:
            return bootstrap(settings)
        except RedisError as error:
            if not may_pass(error):
                raise
            found = trouble(error)
            if found.sentence != told:
                step(log, "waiting", level=found.level, kind=found.kind, reason=found.sentence)
            told = found.sentence
            time.sleep(AGAIN_SECONDS)


def _on_end(handler: Callable[..., object]) -> None:
    """Have SIGTERM and SIGINT handled so."""
    for number in (signal.SIGTERM, signal.SIGINT):
        if signal.getsignal(number) is not signal.SIG_IGN:  # ignored by who started us: stays so
            signal.signal(number, handler)


def _leave(*_: object) -> None:
    """Nothing is held yet. The first process of a container ends by no signal that it leaves to
    the system."""
    sys.exit(0)


def main() -> int:
    """Run one worker process until SIGTERM or SIGINT; 1 when there are no rules to work with."""
    _on_end(_leave)
    settings = Settings.load().require("plivo_auth_id", "plivo_auth_token", "redis_url")
    start_logging(settings.log_format, settings.log_level, settings.secrets())
    start_observers(settings, "worker")
    try:
        context = _bootstrap_when_redis_is_there(settings)
        accounts = rounds_of(settings, context)
    except FileError as error:
        for problem in error.problems:
            words = "rules broken, and there are no last good ones"
            step(log, words, level=logging.CRITICAL, problem=problem)
        return 1
    except AccountsError as error:
        for problem in error.problems:
            step(log, "accounts file broken", level=logging.CRITICAL, problem=problem)
        return 1
    tell_at_start(context.redis, log)
    worker = ConferenceWorker(context, settings.worker_threads, accounts)
    _on_end(worker.stop)
    step(log, "worker started", threads=settings.worker_threads)
    worker.run()
    log.info("worker stopped")
    return 0
