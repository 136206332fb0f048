"""What one worker process works with, built once: rules, Redis, the Conference API."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from redis import Redis
from redis.exceptions import RedisError

from app.domain.retention import KEPT, Retention
from app.logs import OncePer, step
from app.metrics.catalogue import PLIVO_REQUESTS, PLIVO_SECONDS
from app.metrics.counting import Counts
from app.settings import Settings
from app.store.connection import connect
from app.store.inbox import Inbox
from app.store.lease import Leases
from app.store.scripts import load_scripts
from app.store.server.errors import note
from app.store.timers import Timers
from workers.conference.api import ConferenceApi
from workers.conference.budget import Budget
from workers.conference.turns import Turns
from workers.plivo import PlivoApi
from workers.rules_reloader import RulesReloader
from workers.webhooks.sender import WebhookSender
from workers.webhooks.shares import HostShares

AWAY_SECONDS = 5.0


def redis_log() -> logging.Logger:
    """The log of what is wrong with Redis: said once in a while for the whole process, however many
    threads see it."""
    log = logging.getLogger("gavel.redis")
    if not log.filters:
        log.addFilter(OncePer(AWAY_SECONDS))
    return log


@dataclass(frozen=True, slots=True)
class Context:
    """The parts of a process, each thread-safe. `stopping` is set when the call under way shall be
    finished and no other started. `account`: which one's of many they are, where they are.
    `serves`: are they of a Plivo account? Beside an accounts file there need not be one."""

    redis: Redis
    reloader: RulesReloader
    api: ConferenceApi
    webhooks: WebhookSender
    budget: Budget
    inbox: Inbox
    leases: Leases
    timers: Timers
    reconcile_interval: float
    counts: Counts
    public_url: str = ""
    turns: Turns = field(default_factory=Turns)
    webhook_hosts: HostShares = field(default_factory=HostShares)
    redis_log: logging.Logger = field(default_factory=redis_log)
    stopping: threading.Event = field(default_factory=threading.Event)
    account: str = ""
    serves: bool = True

    def tell(self, error: RedisError) -> None:
        """Count an error of Redis and say in the log what it means, once in a while."""
        found = note(error, self.redis, self.counts)
        step(
            self.redis_log,
            "trouble with Redis",
            level=found.level,
            kind=found.kind,
            reason=found.sentence,
        )


def assemble(
    redis: Redis,
    reloader: RulesReloader,
    api: ConferenceApi,
    webhooks: WebhookSender,
    budget: Budget,
    reconcile_interval: float,
    counts: Counts | None = None,
    public_url: str = "",
    keep: Retention = KEPT,
) -> Context:
    """A context around these parts; what lives in Redis is made from its client."""
    return Context(
        redis,
        reloader,
        api,
        webhooks,
        budget,
        Inbox(redis),
        Leases(redis, keep),
        Timers(redis, keep),
        reconcile_interval,
        counts or Counts(redis),
        public_url,
    )


def count_requests(counts: Counts) -> Callable[[str, int | None, float], None]:
    """What counts the requests to the Conference API."""

    def count(verb: str, status: int | None, seconds: float) -> None:
        counts.count(PLIVO_REQUESTS.field(verb, "none" if status is None else status))
        counts.observe((PLIVO_SECONDS, seconds), labels=[verb])

    return count


def bootstrap(settings: Settings) -> Context:
    """Build a process from its settings. Raises FileError when there are no rules to work with,
    and RedisError."""
    redis = connect(
        settings.redis_url or "", timeout=settings.redis_timeout, replicated=settings.replicated
    )
    load_scripts(redis)
    Inbox(redis).probe()
    reloader = RulesReloader(redis, settings.rules_file)
    if settings.plivo_auth_id is not None:
        reloader.open()
    counts = Counts(redis)
    webhooks = WebhookSender(allow_private=settings.allow_private_webhooks)
    built = assemble(
        redis,
        reloader,
        _api(settings, counts),
        webhooks,
        _budget(settings, redis),
        settings.reconcile_interval,
        counts,
        settings.public_url,
        settings.keep,
    )
    return replace(built, serves=settings.plivo_auth_id is not None)


def context_of_account(root: Context, redis: Redis, settings: Settings, account: str) -> Context:
    """The context of one account of many: `redis` is the client of its space; what is of the
    process it shares with `root`. Raises FileError and RedisError."""
    reloader = RulesReloader(redis, settings.rules_file)
    reloader.open()
    counts = Counts(redis)
    return Context(
        redis,
        reloader,
        _api(settings, counts),
        root.webhooks,
        _budget(settings, redis),
        Inbox(redis),
        Leases(redis, settings.keep, root.leases.alarm),
        Timers(redis, settings.keep),
        settings.reconcile_interval,
        counts,
        settings.public_url,
        root.turns.of(account),
        root.webhook_hosts,
        root.redis_log,
        root.stopping,
        account,
    )


def _api(settings: Settings, counts: Counts) -> PlivoApi:
    return PlivoApi(
        settings.plivo_api_url,
        settings.plivo_auth_id or "",
        settings.plivo_auth_token[0] if settings.plivo_auth_token else "",
        public_url=settings.public_url,
        counted=count_requests(counts),
    )


def _budget(settings: Settings, redis: Redis) -> Budget:
    return Budget(redis, settings.plivo_rate.calls, settings.plivo_rate.seconds)
