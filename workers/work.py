"""Which turn a wake-up means, and taking it."""

import logging

from app.store import keys
from app.store.lease import LeaseLost
from workers.bootstrap import Hands
from workers.conference.processor import ConferenceTurn
from workers.conference.turn import Turn
from workers.webhooks.processor import WebTurn

log = logging.getLogger("gavel.worker")


def work(hands: Hands, key: str) -> None:
    """Take one turn at a unit; returns at once when another worker has it. Raises RedisError when
    Redis went away: what was not recorded is taken up again when the lease has run out."""
    with hands.turns:
        _take_a_turn(hands, key)


def _take_a_turn(hands: Hands, key: str) -> None:
    lease = hands.leases.take(key)
    if lease is None:
        return
    kind: type[WebTurn | ConferenceTurn] = WebTurn if keys.is_web(key) else ConferenceTurn
    try:
        turn: Turn = kind(hands, lease)
        turn.run()
    except LeaseLost:
        log.warning("lease lost, another worker goes on unit=%s", key)
    finally:
        lease.drop()
