"""How many webhooks may be under way at once, and how many of them to one host.

A host that does not answer holds a thread for as long as it is waited for. So a host gets few
threads, and hosts that did not answer lately, or never yet, share half of them: however many of
these hang, the other half is for hosts that answer.
"""

import random
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

THREADS = 32
A_HOST = 8
AN_UNPROVEN_HOST = 2
UNPROVEN = THREADS // 2
HOSTS_REMEMBERED = 1000
SOON, LATER = 0.2, 2.0


class HostShares:
    """Who may have a thread now. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._proven: OrderedDict[str, None] = OrderedDict()
        self._under_way: Counter[str] = Counter()

    @contextmanager
    def taken(self, host: str) -> Iterator[bool]:
        """A share of this host, given back at the end; False when all that it may have is taken."""
        got = self._take(host)
        try:
            yield got
        finally:
            if got:
                self._give_back(host)

    def pause(self, host: str) -> float:
        """Seconds until it is worth asking again for a share of this host, never the same: one that
        answers gives its shares back soon."""
        with self._lock:
            usual = SOON if host in self._proven else LATER
        return usual * (1 + random.random())

    def answered(self, host: str, answered: bool) -> None:
        """Whether the host answered just now, whatever it said."""
        with self._lock:
            self._proven.pop(host, None)
            if answered:
                self._proven[host] = None
                if len(self._proven) > HOSTS_REMEMBERED:
                    self._proven.popitem(last=False)

    def _take(self, host: str) -> bool:
        with self._lock:
            proven = host in self._proven
            if self._under_way[host] >= (A_HOST if proven else AN_UNPROVEN_HOST):
                return False
            unproven = sum(n for one, n in self._under_way.items() if one not in self._proven)
            if not proven and unproven >= UNPROVEN:
                return False
            self._under_way[host] += 1
            return True

    def _give_back(self, host: str) -> None:
        with self._lock:
            self._under_way[host] -= 1
            if not self._under_way[host]:
                del self._under_way[host]
