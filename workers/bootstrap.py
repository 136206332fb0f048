"""What one worker process works with, wired once: rules, Redis, the Conference API."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from redis import Redis

from app.settings import Settings
from app.store.connection import connect
from app.store.inbox import Inbox
from app.store.lease import Leases
from app.store.timers import Timers
from workers.away import Away
from workers.conference.budget import Budget
from workers.plivo import PlivoClient
from workers.rules.engine.index import Rules
from workers.rules_reloader import Rulebook
from workers.webhooks.sender import WebhookSender

TURNS_AT_ONCE = 4
"""Turns of one process that decide and store at the same time, beside any number that wait for an
answer from outside. More would only share the one interpreter lock, and each turn would find fewer
events to take together (docs/decisions/0004)."""


class Hands:
    """Everything a turn needs. Thread-safe: the rules are replaced as a whole."""

    def __init__(
        self,
        redis: Redis,
        rulebook: Rulebook,
        client: PlivoClient,
        webhooks: WebhookSender,
        budget: Budget,
        reconcile_interval: float,
    ) -> None:
        self.redis = redis
        self.rulebook = rulebook
        self.client = client
        self.webhooks = webhooks
        self.budget = budget
        self.reconcile_interval = reconcile_interval
        self.away = Away()
        self.stopping = threading.Event()  # set: finish the call under way, start no other
        self.inbox = Inbox(redis)
        self.turns = threading.BoundedSemaphore(TURNS_AT_ONCE)
        self.leases = Leases(redis)
        self.timers = Timers(redis)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """While a turn waits for an answer from outside, another one has its place."""
        self.turns.release()
        try:
            yield
        finally:
            self.turns.acquire()

    def rules(self) -> Rules:
        """The rules as they are now."""
        return self.rulebook.rules


def equip(settings: Settings) -> Hands:
    """Wire a process. Raises RulesError when there are no rules to work with."""
    redis = connect(settings.redis_url or "", timeout=settings.redis_timeout)
    rulebook = Rulebook(redis, settings.rules_file)
    rulebook.open()
    client = PlivoClient(
        settings.plivo_api_url,
        settings.plivo_auth_id or "",
        settings.plivo_auth_token[0],
        public_url=settings.public_url,
    )
    budget = Budget(redis, settings.plivo_rate.calls, settings.plivo_rate.seconds)
    webhooks = WebhookSender(allow_private=settings.allow_private_webhooks)
    return Hands(redis, rulebook, client, webhooks, budget, settings.reconcile_interval)


@cache
def hands() -> Hands:
    """This process' hands, for RQ's stock worker, which only knows a job's name."""
    return equip(Settings.load().require("plivo_auth_id", "plivo_auth_token", "redis_url"))
