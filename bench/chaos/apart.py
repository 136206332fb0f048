"""Posting from a process of its own, where the edge's clock must not wait for the poster."""

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context

from bench.chaos.callbacks import Callback, Sender


async def post_apart(
    port: int, callbacks: Sequence[Callback], rate: float, *address: str
) -> list[Callback]:
    """The same callbacks, posted and acknowledged. `address`: the path and the token, where they
    are not those of the one account."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(pool, _post, port, list(callbacks), rate, address)


def _post(
    port: int, callbacks: list[Callback], rate: float, address: Sequence[str]
) -> list[Callback]:
    with suppress(OSError):
        os.nice(-10)  # a burst must come as fast as it is meant to

    async def run() -> None:
        sender = Sender(port, *address)
        try:
            await sender.post_all(callbacks, rate)
        finally:
            sender.close()

    asyncio.run(run())
    return callbacks
