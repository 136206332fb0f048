"""What a wake-up means: a job names a unit by its key and carries nothing else."""

import logging
from contextlib import suppress
from functools import cache

from redis.exceptions import RedisError

from app.domain.conference import NewerConference
from app.logs import bound, step
from app.settings import Settings
from app.store import keys
from app.store.lease import Lease, LeaseLost
from app.store.server.errors import may_pass
from workers.accounts.contexts import UnknownAccount
from workers.accounts.rounds import rounds_of
from workers.bootstrap import Context, bootstrap
from workers.conference.processor import ConferenceProcessor
from workers.webhooks.processor import WebhookProcessor

log = logging.getLogger("gavel.worker")


def work_conference(job: str) -> None:
    """Work this conference, or the webhooks of one, until nothing is left to do now; `job` is the
    key of the unit, with its account in front.

    Safe to run at any time, twice, or too late: whoever holds the lease works, the others return.
    """
    account, key = keys.account_of(job)
    work(_context(account), key)


def work(context: Context, key: str) -> None:
    """Work a unit; returns at once when another worker has it. Raises RedisError when Redis went
    away: what was not recorded is taken up again when the lease has run out."""
    with context.turns.taken():
        lease = context.leases.take(key)
        if lease is None:
            return
        try:
            account = {"account": context.account} if context.account else {}
            with bound(conference=lease.taken.name, **account):
                _processor(context, lease).run()
        except LeaseLost:
            step(log, "lease lost, another worker goes on", level=logging.WARNING, unit=key)
            _outlive(lease)
        except NewerConference as error:
            step(log, "left to a newer worker", level=logging.WARNING, unit=key, reason=error)
            _outlive(lease, leave=True)
        except RedisError as error:
            if may_pass(error):
                _outlive(lease)
            raise
        finally:
            lease.drop()


def _outlive(lease: Lease, *, leave: bool = False) -> None:
    """Nobody shall think that this worker died of what it was deciding."""
    with suppress(RedisError):
        lease.outlive(leave=leave)


def _processor(context: Context, lease: Lease) -> ConferenceProcessor | WebhookProcessor:
    if keys.is_web(lease.key):
        return WebhookProcessor(
            lease, context.webhooks, context.webhook_hosts, context.turns, context.stopping
        )
    return ConferenceProcessor(
        lease,
        context.reloader,
        context.api,
        context.budget,
        context.inbox,
        context.turns,
        context.stopping,
        context.counts,
    )


@cache
def _context(account: str = "") -> Context:
    """This process' parts, for RQ's stock worker, which only knows a job's name."""
    if account:
        rounds = rounds_of(Settings.load(), _context())
        if rounds is None:
            raise UnknownAccount("there is no accounts file")
        context = rounds.contexts.of(account)
    else:
        context = bootstrap(
            Settings.load().require("plivo_auth_id", "plivo_auth_token", "redis_url")
        )
    if context.serves:
        context.reloader.look()
    return context
