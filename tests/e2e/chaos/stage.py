"""A whole Gavel before a double of Plivo, and what its tests do with it."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from redis import Redis

from bench.chaos.callbacks import Callback, Sender
from bench.chaos.edge import Edge, edge
from bench.chaos.system import System


@dataclass
class Stage:
    """`gavel` runs, `edge` is its Plivo, `redis` a client of its Redis."""

    gavel: System
    edge: Edge
    redis: Redis

    @classmethod
    @contextmanager
    def running(cls, folder: Path, rules: str) -> Iterator[Self]:
        with edge() as double:
            gavel = System(folder, double.url, rules)
            redis = gavel.redis()
            try:
                gavel.start()
                yield cls(gavel, double, redis)
            finally:
                redis.close()
                gavel.stop()

    def post(self, *callbacks: Callback, nonce: str = "") -> None:
        post(self.gavel, callbacks, nonce)


def post(gavel: System, callbacks: Sequence[Callback], nonce: str = "") -> None:
    """Each posted until it is answered 200; all with this nonce, if one is given."""

    async def send() -> None:
        sender = Sender(gavel.port)
        if nonce:
            for one in callbacks:
                await sender.post(one, nonce)
        else:
            await sender.post_all(callbacks, rate=1000.0)
        sender.close()

    asyncio.run(send())
