"""A double at Plivo's edge: answers the Conference API as it is told, and notes what came when.

It runs on a thread of its own. `fate` is asked about every request, with how often the very same
request came before; what it knows of who is in which room (`world`) is what GETs are answered from.
"""

import asyncio
import json
import os
import threading
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote

from bench.chaos.world import World, told

ACCOUNT = "MACHAOSCHAOSCHAOSCHA"


@dataclass(slots=True)
class Request:
    """One request. `at` is when its last byte was read, `done` when its answer was written;
    `status` 0: no answer was given; `effect`: it was carried out. `port` is the client's, `account`
    that of the path, `login` what the client said who it is ("id:token")."""

    at: float
    method: str
    conference: str
    members: tuple[str, ...]
    verb: str
    body: Mapping[str, Any]
    port: int
    account: str = ""
    login: str = ""
    status: int = 0
    done: float = 0.0
    effect: bool = False


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a request: a `status` of its own (0: as Plivo would), `delay` seconds before
    the answer, a connection that is reset before or after it was carried out, or no answer."""

    status: int = 0
    delay: float = 0.0
    retry_after: str = ""
    reset: Literal["", "before", "after"] = ""
    silent: bool = False


@dataclass(slots=True)
class Edge:
    """The running double. `log` grows as requests come, in their order."""

    url: str = ""
    fate: Callable[[Request, int], Fate] = lambda _request, _before: Fate()
    log: list[Request] = field(default_factory=list)
    world: World = field(default_factory=World)
    _before: Counter[tuple[object, ...]] = field(default_factory=Counter)

    def calls(self, verb: str = "", conference: str = "", account: str = "") -> list[Request]:
        """What was asked, reads left out."""
        return [
            request
            for request in list(self.log)
            if request.method != "GET"
            and verb in ("", request.verb)
            and conference in ("", request.conference)
            and account in ("", request.account)
        ]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        port = writer.get_extra_info("peername")[1]
        try:
            while (request := await _read(reader, port)) is not None:
                self.log.append(request)
                if not await self._answer(request, writer):
                    break
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return
        finally:
            writer.close()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """False: the connection is over."""
        same = (request.account, request.method, request.conference, request.members, request.verb)
        fate = self.fate(request, self._before[same])
        self._before[same] += 1
        if fate.delay:
            await asyncio.sleep(fate.delay)
        request.effect = not (fate.status or fate.silent or fate.reset == "before")
        status, body = self._carry_out(request) if request.effect else (fate.status, {})
        if fate.silent:
            await asyncio.sleep(30)
        if fate.silent or fate.reset:
            writer.transport.abort()
            return False
        request.status, request.done = status, time.time()
        content = b"" if status == 204 else json.dumps(body).encode()
        head = f"HTTP/1.1 {status} x\r\nContent-Length: {len(content)}\r\n"
        if fate.retry_after:
            head += f"Retry-After: {fate.retry_after}\r\n"
        writer.write(head.encode() + b"\r\n" + content)
        await writer.drain()
        return True

    def _carry_out(self, request: Request) -> tuple[int, Mapping[str, Any]]:
        rooms, now = self.world.rooms, time.time()
        room = rooms.get(request.conference)
        if request.verb == "list":
            return 200, {"api_id": "a", "conferences": list(rooms)}
        if request.verb == "get":
            return (200, told(request.conference, room, now)) if room else (404, {"error": "no"})
        for member in request.members:
            if room and request.verb in ("mute", "unmute") and member in room.members:
                room.members[member].muted = request.verb == "mute"
        if request.verb == "hang_up":
            rooms.pop(request.conference, None)
        if request.verb == "record":
            return 202, {"api_id": "a", "message": "async api spawned"}
        if request.method == "DELETE":
            return 204, {}
        return 202, {"api_id": "a", "message": "done", "member_id": list(request.members)}


async def _read(reader: asyncio.StreamReader, port: int) -> Request | None:
    first = await reader.readline()
    if not first:
        return None
    method, target, _ = first.decode().split(" ")
    length, login = 0, ""
    while (header := (await reader.readline()).strip()) != b"":
        if header.lower().startswith(b"content-length:"):
            length = int(header[15:])
        elif header.lower().startswith(b"authorization: basic "):
            login = b64decode(header[21:]).decode()
    content = await reader.readexactly(length) if length else b""
    _, _, account, _, *parts = target.partition("?")[0].strip("/").split("/")
    name = unquote(parts[0]) if parts else ""
    members = tuple(unquote(parts[2]).split(",")) if len(parts) > 2 else ()
    suffix = parts[-1].lower() if len(parts) in (2, 4) else ""
    return Request(
        at=time.time(),
        method=method,
        conference=name,
        members=members,
        verb=_verb(method, name, members, suffix),
        body=json.loads(content) if content else {},
        port=port,
        account=account,
        login=login,
    )


def _verb(method: str, name: str, members: tuple[str, ...], suffix: str) -> str:
    if method == "GET":
        return "get" if name else "list"
    if not suffix:
        return "hang_up_member" if members else "hang_up"
    if method == "POST":
        return suffix
    opposite = {"mute": "unmute", "deaf": "undeaf", "record": "stop_recording"}
    return opposite.get(suffix, f"stop_{suffix}")


@contextmanager
def edge() -> Iterator[Edge]:
    """The double on a free port of 127.0.0.1, for as long as this lasts."""
    double, loop = Edge(), asyncio.new_event_loop()
    started = threading.Event()

    async def run() -> None:
        with suppress(OSError):
            os.nice(-10)  # of this thread: when a call came must not be told late
        server = await asyncio.start_server(double.serve, "127.0.0.1", 0, backlog=512)
        double.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        started.set()
        with suppress(asyncio.CancelledError):
            await server.serve_forever()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for connection in rest:
            connection.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    task = loop.create_task(run())
    thread = threading.Thread(target=loop.run_until_complete, args=(task,), name="edge")
    thread.start()
    started.wait()
    try:
        yield double
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        loop.close()
