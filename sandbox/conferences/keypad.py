"""Digits that a call is asked for outside of conferences: `<GetDigits>` (docs/plivo.md 22.1)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sandbox.world.clock import Clock
from sandbox.world.elements import GetDigits, Play, Speak

Hear = Callable[[Speak | Play], Awaitable[float]]
Hush = Callable[[], None]


class Nothing(Exception):
    """Nothing was entered, or what can not be: the next element comes, and no request is sent."""


@dataclass(slots=True)
class Keypad:
    """The keys of one call while it is asked; `press` them in any task."""

    clock: Clock
    pressed: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)

    def press(self, digits: str) -> None:
        """These keys, one after the other."""
        for digit in digits:
            self.pressed.put_nowait(digit)

    async def digits(self, element: GetDigits, hear: Hear, hush: Hush) -> str:
        """What was entered, without the finish key. `hear` tells the call of a prompt and answers
        how long it takes, `hush` ends it. Raises Nothing."""
        for _ in range(max(1, element.retries)):
            first = await self._first(element, hear)
            hush()
            if first in element.valid or (first and first == element.finish):
                found = await self._rest(element, first)
                if found is not None:
                    return found
        raise Nothing

    async def _first(self, element: GetDigits, hear: Hear) -> str:
        """The first key, which ends the prompts; "" when none came in time."""
        for prompt in element.prompts:
            if digit := await self._key(await hear(prompt)):
                return digit
        return await self._key(element.timeout)

    async def _rest(self, element: GetDigits, digit: str) -> str | None:
        """All that follows the first key; None when an invalid one is among it."""
        found = ""
        while digit and digit != element.finish:
            if digit not in element.valid:
                return None
            found += digit
            if len(found) >= element.most:
                break
            digit = await self._key(element.digit_timeout)
        return found

    async def _key(self, seconds: float) -> str:
        """The next key within that time, "" for none."""
        key = asyncio.ensure_future(self.pressed.get())
        late = asyncio.ensure_future(self.clock.sleep(seconds))
        try:
            await asyncio.wait({key, late}, return_when=asyncio.FIRST_COMPLETED)
            return key.result() if key.done() else ""
        finally:
            key.cancel()
            late.cancel()
