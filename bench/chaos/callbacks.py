"""Plivo's side: signed callbacks, posted at a rate, again and again until they are answered 200."""

import asyncio
import base64
import hashlib
import hmac
import itertools
import random
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

TOKEN = "chaos-token-of-the-account"
AGAIN_SECONDS = 0.2
_nonces = itertools.count(10**19 + random.randrange(10**18))


@dataclass(slots=True)
class Callback:
    """One callback. `sent` and `acknowledged` are epoch seconds; 0: not yet. `posts` counts how
    often it went out, `errors` how often it was answered 5xx."""

    conference: str
    member: str
    action: str
    fields: Mapping[str, str]
    sent: float = 0.0
    acknowledged: float = 0.0
    posts: int = 0
    errors: int = 0


@dataclass(slots=True)
class Sender:
    """Posts to one address. Keeps connections, as Plivo does."""

    port: int
    path: str = "/plivo/conference"
    token: str = TOKEN
    _idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    async def post_all(
        self,
        callbacks: Sequence[Callback],
        rate: float,
        *,
        twice: bool = False,
        give_up_after: float = 120.0,
    ) -> None:
        """Post them at `rate` a second, each until it is acknowledged. With `twice` every one comes
        a second time within half a second, a third of those with a new nonce."""
        begun = time.monotonic()
        tasks = []
        for number, callback in enumerate(callbacks):
            await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))
            nonce = str(next(_nonces))
            tasks.append(asyncio.create_task(self.post(callback, nonce, give_up_after)))
            if twice:
                other = str(next(_nonces)) if number % 3 == 0 else nonce
                delay = random.random() / 2
                tasks.append(asyncio.create_task(self.post(callback, other, give_up_after, delay)))
        await asyncio.gather(*tasks)

    async def post(
        self, callback: Callback, nonce: str, give_up_after: float = 120.0, delay: float = 0.0
    ) -> None:
        """One callback until it is acknowledged. Raises TimeoutError when it never is."""
        await asyncio.sleep(delay)
        request = signed(callback.fields, self.port, self.path, nonce, self.token)
        callback.sent = callback.sent or time.time()
        async with asyncio.timeout(give_up_after):
            while True:
                callback.posts += 1
                status = await self._status(request)
                callback.errors += status >= 500
                if status == 200:
                    callback.acknowledged = callback.acknowledged or time.time()
                    return
                await asyncio.sleep(AGAIN_SECONDS)

    async def _status(self, request: bytes) -> int:
        """The answer's status; 0 when there was none."""
        writer = None
        try:
            async with asyncio.timeout(10):
                reader, writer = await self._connection()
                writer.write(request)
                status = int((await reader.readline()).split(b" ")[1])
                length = 0
                while (header := (await reader.readline()).strip().lower()) != b"":
                    if header.startswith(b"content-length:"):
                        length = int(header[15:])
                await reader.readexactly(length)
        except (OSError, IndexError, ValueError, TimeoutError, asyncio.IncompleteReadError):
            if writer is not None:
                writer.close()
            return 0
        self._idle.append((reader, writer))
        return status

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer = self._idle.pop()
            if not (reader.at_eof() or writer.is_closing()):
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self.port)

    def close(self) -> None:
        for _, writer in self._idle:
            writer.close()


def conference_uuid(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def call_uuid(name: str, member: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}/{member}"))


def callback(conference: str, member: str, action: str = "enter", **more: str) -> Callback:
    """A callback as Plivo sends it."""
    fields = {
        "ConferenceAction": action,
        "ConferenceName": conference,
        "ConferenceUUID": conference_uuid(conference),
        "ConferenceMemberID": member,
        "CallUUID": call_uuid(conference, member),
        "From": "14155550100",
        "To": "14155550199",
        "Direction": "inbound",
        "CallStatus": "in-progress",
        **more,
    }
    return Callback(conference, member, action, fields)


def entries(prefix: str, conferences: int, members: int) -> list[Callback]:
    """`members` enter each of so many conferences, one conference after the other, then again."""
    return [
        callback(f"{prefix}-{room}", str(100 + member))
        for member in range(members)
        for room in range(conferences)
    ]


def signed(
    fields: Mapping[str, str], port: int, path: str, nonce: str, token: str = TOKEN
) -> bytes:
    """The whole request, with signature V3 as the official SDK makes it."""
    text = f"http://127.0.0.1:{port}{path}?" + "".join(k + fields[k] for k in sorted(fields))
    key = hmac.new(token.encode(), f"{text}.{nonce}".encode(), hashlib.sha256)
    body = urlencode(fields).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"X-Plivo-Signature-V3: {base64.b64encode(key.digest()).decode()}\r\n"
        f"X-Plivo-Signature-V3-Nonce: {nonce}\r\n\r\n"
    )
    return head.encode() + body


def unacknowledged(callbacks: Iterable[Callback]) -> int:
    return sum(1 for callback in callbacks if not callback.acknowledged)
