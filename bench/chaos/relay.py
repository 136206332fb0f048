"""A name in front of servers, Redis or web processes: new connections go to where it points now,
those that stand stay."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Target = int | tuple[str, int]
"""A port of 127.0.0.1, or a host and its port."""
CONNECT_SECONDS = 1.0


@dataclass
class Relay:
    """`targets` are what new connections are led to, in turn, past those that do not take them."""

    targets: list[Target]
    port: int = 0
    _turn: int = 0
    _lines: dict[asyncio.Task[None], Target] = field(default_factory=dict)
    _loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, both ways."""
        try:
            target, inner = await self._open()
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
            return
        for line in (_copy(reader, inner[1]), _copy(inner[0], writer)):
            task = asyncio.create_task(line)
            self._lines[task] = target
            task.add_done_callback(lambda done: self._lines.pop(done, None))

    async def _open(self) -> tuple[Target, tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A connection to the next one that takes it. Raises OSError when none does."""
        self._turn += 1
        targets = self.targets
        for number in range(len(targets)):
            target = targets[(self._turn + number) % len(targets)]
            host, port = ("127.0.0.1", target) if isinstance(target, int) else target
            with suppress(OSError):
                async with asyncio.timeout(CONNECT_SECONDS):
                    return target, await asyncio.open_connection(host, port)
        raise ConnectionRefusedError

    def cut(self, target: Target) -> None:
        """Break every connection to it, as a balancer does with a server that is dead."""

        def cancel() -> None:
            for line, end in list(self._lines.items()):
                if end == target:
                    line.cancel()

        if self._loop is not None:
            self._loop.call_soon_threadsafe(cancel)

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
def relay(*targets: Target, port: int = 0, host: str = "127.0.0.1") -> Iterator[Relay]:
    """A running one on this address (port 0: a free one), on a thread of its own."""
    made, listens = Relay(list(targets)), threading.Event()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def run() -> None:
        server = await asyncio.start_server(made.serve, host, port)
        made._loop = loop
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
