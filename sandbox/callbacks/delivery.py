"""The post office: which requests go to the service when, spoiled by the faults that are set."""

import asyncio
from collections.abc import Callable

import aiohttp

from sandbox.callbacks.sender import Answer, Message, Sender, Signer, new_nonce
from sandbox.world.clock import Clock
from sandbox.world.faults import DELIVERY_KINDS, READ_KINDS, Faults
from sandbox.world.log import Delivery, Log
from sandbox.world.options import Options
from sandbox.world.switches import Switches
from sandbox.world.tasks import Tasks


class Post:
    """Sends messages; keeps their tasks, so that nothing outlives the sandbox."""

    def __init__(
        self,
        options: Options,
        switches: Callable[[], Switches],
        clock: Clock,
        faults: Faults,
        log: Log[Delivery],
    ) -> None:
        self._options = options
        self._switches = switches
        self._clock = clock
        self._faults = faults
        self._log = log
        self._tasks = Tasks()
        self._queues: dict[str, asyncio.Task[None]] = {}
        self._held: dict[str, list[asyncio.Event]] = {}
        self._session = aiohttp.ClientSession(
            # shorter than servers keep idle connections: none is used while it is being closed
            connector=aiohttp.TCPConnector(limit=0, limit_per_host=0, keepalive_timeout=1.0),
            headers={"User-Agent": "Plivo-Sandbox"},
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    @property
    def under_way(self) -> int:
        """Messages that are not yet delivered or given up."""
        return len(self._tasks)

    def send(self, message: Message) -> None:
        """Deliver a callback whose answer does not matter."""
        if not message.url:
            return
        if self._switches().callback_order == "concurrent":
            self._tasks.spawn(self._deliver(message))
            return
        before = self._queues.get(message.conference)
        task = self._tasks.spawn(self._after(before, message))
        self._queues[message.conference] = task
        task.add_done_callback(lambda done: self._unqueue(message.conference, done))

    async def fetch(self, message: Message) -> Answer:
        """Deliver a request whose answer is read, with the faults that name it."""
        about = (message.action, message.conference)
        faults = {fault.kind: fault for fault in self._faults.take(READ_KINDS, *about, named=True)}
        sender = self._sender(message, ",".join(faults), forged="bad_signature" in faults)
        if "drop" in faults:
            sender.note_dropped()
            return Answer(0)
        if "delay" in faults:
            await self._clock.sleep(faults["delay"].seconds)
        return await sender.send_until_done()

    async def drop_all(self) -> None:
        """Stop all that is under way."""
        await self._tasks.drop_all()

    async def close(self) -> None:
        await self.drop_all()
        await self._session.close()

    async def _after(self, before: "asyncio.Task[None] | None", message: Message) -> None:
        if before is not None:
            await asyncio.wait([before])
        await self._deliver(message)

    def _unqueue(self, conference: str, done: "asyncio.Task[None]") -> None:
        if self._queues.get(conference) is done:
            del self._queues[conference]

    async def _deliver(self, message: Message) -> None:
        """Deliver one callback, with the faults that are set for it."""
        taken = self._faults.take(DELIVERY_KINDS, message.action, message.conference)
        faults = {fault.kind: fault for fault in taken}
        names = ",".join(faults)
        if "drop" in faults:
            self._sender(message, names).note_dropped()
            return
        waiters = self._held.pop(message.conference, [])
        if "delay" in faults:
            await self._clock.sleep(faults["delay"].seconds)
        if "reorder" in faults:
            await self._let_pass(message.conference, faults["reorder"].seconds)
        sender = self._sender(message, names, forged="bad_signature" in faults)
        await sender.send_until_done()
        for waiter in waiters:
            waiter.set()
        if "duplicate" in faults:
            await self._clock.sleep(faults["duplicate"].seconds)
            if faults["duplicate"].new_nonce:
                sender.nonce = new_nonce()
            await sender.send_until_done()

    def _sender(self, message: Message, faults: str = "", *, forged: bool = False) -> Sender:
        tokens = (self._options.auth_token, self._options.main_auth_token)
        signer = Signer("forged", "forged") if forged else Signer(tokens[0], tokens[1] or tokens[0])
        return Sender(self._session, message, signer, self._switches(), self._log, faults)

    async def _let_pass(self, conference: str, seconds: float) -> None:
        """Until the next callback of this conference was delivered, or the time is over."""
        passed = asyncio.Event()
        self._held.setdefault(conference, []).append(passed)
        late = self._clock.after(seconds, passed.set)
        try:
            await passed.wait()
        finally:
            late.cancel()
            held = self._held.get(conference, [])
            if passed in held:
                held.remove(passed)
            if not held:
                self._held.pop(conference, None)
