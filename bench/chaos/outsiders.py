"""Outsiders who cost more than they should: slow, silent, greedy. None of them knows a secret,
but for `flood`, which is one busy conference. Each runs in a process of its own for so many seconds.
"""

import asyncio
import itertools
import socket
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial

from bench.chaos.callbacks import Sender, callback

HEAD = b"POST /plivo/conference HTTP/1.1\r\nHost: gavel\r\n"
LARGE = b"GET /openapi.json HTTP/1.1\r\nHost: gavel\r\n\r\n"
GUESS = (
    b"POST /triggers/door HTTP/1.1\r\nHost: gavel\r\nContent-Length: 2\r\n"
    b"Authorization: Bearer guess-%08d\r\n\r\n{}"
)
API_GUESS = (
    b"GET /api/v1/conferences HTTP/1.1\r\nHost: gavel\r\nAuthorization: Bearer gvl_%043d\r\n\r\n"
)
"""Of the form of a token, so that it is looked for."""
TINY_CHUNKS = (
    HEAD
    + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"1\r\nx\r\n" * 10_000
    + b"0\r\n\r\n"
)
GUESSES = 1000
SLOW, SILENT = 900, 1800


async def slow(port: int) -> None:
    """900 connections, a header line a second each; a new one for each that is closed."""
    await asyncio.gather(*(_again(_one_slow, port, number / SLOW) for number in range(SLOW)))


async def silent(port: int) -> None:
    """1,800 connections that send one byte and nothing more."""
    await asyncio.gather(*(_again(_one_silent, port, number / SILENT) for number in range(SILENT)))


async def unread(port: int) -> None:
    """20 clients that send request after request and read no answer."""
    await asyncio.gather(*(_again(_one_unread, port) for _ in range(20)))


async def tiny_chunks(port: int) -> None:
    """16 clients, each with a body of 10,000 chunks of one byte after the other."""
    await asyncio.gather(*(_again(_one_in_chunks, port) for _ in range(16)))


async def guesses(port: int) -> None:
    """1,000 guesses of a token in a second, over eight connections."""
    await asyncio.gather(*(_again(partial(_guess, GUESS), port) for _ in range(8)))


async def api_guesses(port: int) -> None:
    """The same of a token of the admin API."""
    await asyncio.gather(*(_again(partial(_guess, API_GUESS), port) for _ in range(8)))


async def flood(port: int) -> None:
    """One conference with events without end: key presses, as fast as they are answered."""
    sender = Sender(port)
    await sender.post(callback("flood", "1"), "flood")
    for number in itertools.count():
        digits = callback("flood", "1", "digits", ConferenceDigitsMatch=str(number % 10))
        await sender.post(digits, f"flood-{number}")
        _did["events"] += 1


OUTSIDERS: Mapping[str, Callable[[int], Awaitable[None]]] = {
    "slow": slow,
    "silent": silent,
    "unread": unread,
    "tiny_chunks": tiny_chunks,
    "guesses": guesses,
    "api_guesses": api_guesses,
    "flood": flood,
}


_did: Counter[str] = Counter()


def run(name: str, port: int, seconds: float) -> str:
    """One kind of them, for so long; what they did, counted by themselves."""

    async def bounded() -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(OUTSIDERS[name](port), seconds)

    asyncio.run(bounded())
    return ", ".join(f"{number} {what}" for what, number in _did.items())


async def _again(one: Callable[[int], Awaitable[None]], port: int, delay: float = 0.0) -> None:
    """A client that comes back whenever it was sent away."""
    await asyncio.sleep(delay)
    while True:
        with suppress(OSError, asyncio.IncompleteReadError):
            await one(port)
        await asyncio.sleep(0.05)


async def _connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    found = await asyncio.open_connection("127.0.0.1", port)
    _did["connections"] += 1
    return found


async def _one_slow(port: int) -> None:
    reader, writer = await _connect(port)
    try:
        writer.write(HEAD)
        for number in range(50):
            writer.write(b"X-Slow-%d: x\r\n" % number)
            await writer.drain()
            with suppress(TimeoutError):
                if not await asyncio.wait_for(reader.read(100), 1.0):
                    return
    finally:
        writer.close()


async def _one_silent(port: int) -> None:
    reader, writer = await _connect(port)
    try:
        writer.write(b"P")
        await reader.read()
    finally:
        writer.close()


async def _one_unread(port: int) -> None:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_connect(client, ("127.0.0.1", port))
        while True:
            await loop.sock_sendall(client, LARGE * 20)
            _did["requests unread"] += 20
    finally:
        client.close()


async def _one_in_chunks(port: int) -> None:
    reader, writer = await _connect(port)
    try:
        writer.write(TINY_CHUNKS)
        await reader.read()
    finally:
        writer.close()


async def _guess(guess: bytes, port: int) -> None:
    reader, writer = await _connect(port)
    begun = time.monotonic()
    try:
        for number in itertools.count(1):
            writer.write(guess % number)
            _did["guesses"] += 1
            await reader.readuntil(b"\r\n\r\n")
            await reader.readuntil(b"}")
            await asyncio.sleep(max(0.0, begun + number * 8 / GUESSES - time.monotonic()))
    finally:
        writer.close()
