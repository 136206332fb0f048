"""What every scenario plays on: the edge, a running Gavel, and Plivo's callbacks."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.chaos.callbacks import Sender
from bench.chaos.edge import Edge, edge
from bench.chaos.judge import Judge
from bench.chaos.system import System

PATIENCE = 120.0
"""Seconds, ten times what is usual and more: a busy machine must not look like a broken promise."""


@dataclass(frozen=True, slots=True)
class Stage:
    edge: Edge
    gavel: System
    plivo: Sender
    judge: Judge

    async def until(
        self, holds: Callable[[], bool], seconds: float = PATIENCE, every: float = 0.1
    ) -> bool:
        """Wait until something holds; False when it does not within `seconds`."""
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                return False
            await asyncio.sleep(every)
        return True

    async def until_quiet(self, seconds: float = 1.5) -> None:
        """Until Gavel has nothing to do and asked nothing of the edge for so long."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            before = len(self.edge.log)
            await asyncio.sleep(seconds)
            if len(self.edge.log) == before and await asyncio.to_thread(self.judge.is_idle):
                return


@asynccontextmanager
async def stage(
    rules: str, system: Callable[..., System] = System, **settings: str
) -> AsyncIterator[Stage]:
    """Everything started and ready; all of it is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="gavel-chaos-"))
    with edge() as double:
        gavel = system(folder, double.url, rules, **settings)
        sender, redis = Sender(gavel.port), gavel.redis()
        try:
            await asyncio.to_thread(gavel.start)
            yield Stage(double, gavel, sender, Judge(redis))
        finally:
            sender.close()
            redis.close()
            await asyncio.to_thread(gavel.stop)
            shutil.rmtree(folder, ignore_errors=True)
