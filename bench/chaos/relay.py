"""A name in front of Redis: new connections go to where it points now, those that stand stay."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Relay:
    """`target` is the port that new connections are led to."""

    target: int
    port: int = 0
    _lines: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, both ways."""
        try:
            inner = await asyncio.open_connection("127.0.0.1", self.target)
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
            return
        for line in (_copy(reader, inner[1]), _copy(inner[0], writer)):
            task = asyncio.create_task(line)
            self._lines.add(task)
            task.add_done_callback(self._lines.discard)

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
def relay(target: int) -> Iterator[Relay]:
    """A running one on a free port of 127.0.0.1, on a thread of its own."""
    made, listens = Relay(target), threading.Event()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def run() -> None:
        server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
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
