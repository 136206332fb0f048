"""The log of accounts that can not be served: a wake-up, a look and a round of reconciling find
the same again and again, and in every one there is one thing to be said."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from app.logs import step
from app.yaml.problems import FileError

log = logging.getLogger("gavel.accounts")

AGAIN_SECONDS = 600.0
"""So long after it was said the same reason is said again."""


@dataclass(frozen=True, slots=True)
class _Said:
    reason: str
    at: float


class LeftOut:
    """Says which account is left out and why: once for each reason, and again after a good while;
    and that it is served again. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._said: dict[str, _Said] = {}

    def tell(self, account: str, error: Exception) -> None:
        """It can not be served now: it has no good rules (FileError), or is not known."""
        reason, now = str(error), self._clock()
        with self._lock:
            said = self._said.get(account)
            if said and said.reason == reason and now - said.at < AGAIN_SECONDS:
                return
            self._said[account] = _Said(reason, now)
        level = logging.ERROR if isinstance(error, FileError) else logging.WARNING
        step(log, "account left out", level=level, account=account, reason=reason)

    def served(self, account: str) -> None:
        """It can be served now."""
        with self._lock:
            said = self._said.pop(account, None)
        if said is not None:
            step(log, "account served again", account=account)
