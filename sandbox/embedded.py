"""A sandbox inside this process, for tests: `with Sandbox() as sandbox: sandbox.url`."""

import asyncio
import threading
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from sandbox.control.client import ControlClient
from sandbox.server import run
from sandbox.telephony import Telephony
from sandbox.world.options import Options


class Sandbox(ControlClient):
    """Runs in a thread of its own, on a free port of 127.0.0.1; steer it as a `ControlClient`.

    Keyword arguments are fields of `Options`.
    """

    def __init__(self, **options: Any) -> None:
        self.options = Options(**options)
        self._stop: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        super().__init__("")

    def __enter__(self) -> Self:
        self._thread.start()
        self._listening.wait(10)
        if not self.url:
            raise RuntimeError("the sandbox did not start; the error of its thread says why")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._stop is not None:
            loop, stop = self._stop
            loop.call_soon_threadsafe(stop.set)
        self._thread.join(10)
        self.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            self._listening.set()

    async def _serve(self) -> None:
        stop = asyncio.Event()
        self._stop = (asyncio.get_running_loop(), stop)
        await run(self.options, self._ready, stop)

    def _ready(self, lines: Telephony) -> None:
        self.options = replace(lines.options)
        self.url = lines.options.public_url
        self._listening.set()
