"""A name in front of servers, Redis or web processes: new connections go to where it points now,
those that stand stay."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Relay:
    """`targets` are the ports that new connections are led to, in turn, past those that refuse."""

    targets: list[int]
    port: int = 0
    _turn: int = 0
    _lines: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, both ways."""
        try:
            inner = await self._open()
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
            return
        for line in (_copy(reader, inner[1]), _copy(inner[0], writer)):
            task = asyncio.create_task(line)
            self._lines.add(task)
            task.add_done_callback(self._lines.discard)

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the next one that takes it. Raises OSError when none does."""
        self._turn += 1
        turn = self._turn % len(self.targets)
        *others, last = self.targets[turn:] + self.targets[:turn]
        for target in others:
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", target)
        return await asyncio.open_connection("127.0.0.1", last)

    async def end(self) -> None:
        """Close every connection, those that are being made included."""
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await asyncio.sleep(0)  # what was closed is gone in the next turn of the loop


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()
    except asyncio.CancelledError:
        writer.transport.abort()
        raise


@contextmanager
def relay(*targets: int, port: int = 0) -> Iterator[Relay]:
    """A running one on 127.0.0.1 (0: on a free port), on a thread of its own."""
    made, listens = Relay(list(targets)), threading.Event()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def run() -> None:
        server = await asyncio.start_server(made.serve, "127.0.0.1", port)
        made.port = server.sockets[0].getsockname()[1]
        listens.set()
        await over.wait()
        server.close()
        await made.end()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    listens.wait()
    try:
        yield made
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()
