"""The clock of a worker process: fires what is due and keeps leases; beside it, the rules file.

Every process has one and none is special; what they do is atomic in Redis (see
`app.store.timers`). The rules file has a thread of its
own: reading and checking a large one may take longer than a lease.
"""

import logging
import threading
import time

from redis.exceptions import RedisError

from app.domain.conference import VERSION
from app.metrics.processes import Beats
from app.store import keys
from workers.accounts.rounds import AccountRounds
from workers.bootstrap import Context
from workers.conference.turns import AT_ONCE
from workers.questions import answer_questions

log = logging.getLogger("gavel.clock")

TICK_SECONDS = 0.5
"""The longest pause. What this process sets and must not wait for, its alarm tells; what another
one set before it died waits so long to be seen."""
RENEW_SECONDS = 1.0
RULES_SECONDS = 0.5
VERSION_SECONDS = 5
"""A newer worker that died is believed to live for so long: older ones leave it its states."""


def tick_forever(
    context: Context, stopping: threading.Event, accounts: AccountRounds | None = None
) -> None:
    """Tick until `stopping` is set, for `accounts` too; Redis being away is waited out."""
    renewed, beats = 0.0, Beats(context.redis, "worker")
    while not stopping.is_set():
        pause = TICK_SECONDS
        now = time.monotonic()
        try:
            if now - renewed >= RENEW_SECONDS:
                context.leases.renew()
                context.redis.set(keys.state_version(VERSION), "1", ex=VERSION_SECONDS)
                _beat(context, beats)
                context.counts.write()
                if accounts is not None:
                    accounts.renew()
                renewed = now
            tick = context.timers.tick()
            if accounts is not None:
                pause = min(pause, accounts.tick())
            if tick.fired:
                continue
            pause = min(pause, tick.pause())
        except RedisError as error:
            context.tell(error)
            pause = 0.3
        except Exception:  # a clock that stands still would hold up everything here
            log.exception("the clock stumbled")
            pause = 0.3
        context.leases.alarm.wait(pause)


def _beat(context: Context, beats: Beats) -> None:
    """A sign of life, with what the metrics want of this process. Raises RedisError."""
    budget = context.budget
    beats.beat(
        context.reloader.rules.digest if context.serves else "",
        busy=context.turns.busy,
        turns=AT_ONCE,
        calls=budget.limit,
        window=budget.window,
    )


def watch_rules(
    context: Context, stopping: threading.Event, accounts: AccountRounds | None = None
) -> None:
    """Make the rules known, then take changed ones and answer questions about them until `stopping`
    is set, for `accounts` too; whatever is wrong with them, look again."""
    while True:
        try:
            if context.serves:
                context.reloader.look()
                answer_questions(context.redis, context.reloader.rules, context.public_url)
            if accounts is not None:
                accounts.look()
        except RedisError as error:
            context.tell(error)
        except Exception:
            log.exception("the rules file could not be looked at")
        if stopping.wait(RULES_SECONDS):
            return
