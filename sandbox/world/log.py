"""What went over the wire, newest last, bounded; readers wait for what comes after a number."""

import asyncio
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, TypeVar


@dataclass(slots=True, kw_only=True)
class ApiRequest:
    """One request to the API. `at` is real time, seconds since the epoch, of its arrival; the
    status is None until it is answered. `api_id` is that of the answer, "" when it had none.
    """

    at: float
    method: str
    path: str
    operation: str = ""
    conference: str = ""
    members: tuple[str, ...] = ()
    params: dict[str, Any] = field(default_factory=dict)
    status: int | None = None
    error: str = ""
    fault: str = ""
    api_id: str = ""
    n: int = 0


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One try of a request to the service. `status` 0 with an `error`: no whole answer came."""

    at: float
    action: str
    conference: str
    method: str
    url: str
    fields: dict[str, str]
    attempt: int = 1
    status: int = 0
    error: str = ""
    seconds: float = 0.0
    fault: str = ""
    n: int = 0


Entry = TypeVar("Entry", ApiRequest, Delivery)


class Log(Generic[Entry]):
    """Entries counted from 1; the oldest go when there are more than `size`."""

    def __init__(self, size: int = 10_000) -> None:
        self._entries: deque[Entry] = deque(maxlen=size)
        self._more = asyncio.Event()
        self.last = 0

    def append(self, entry: Entry) -> None:
        self.last += 1
        entry.n = self.last
        self._entries.append(entry)
        self._more.set()
        self._more = asyncio.Event()

    def after(self, number: int, limit: int = 1_000) -> list[dict[str, Any]]:
        """At most `limit` entries beyond this number, oldest first."""
        skipped = self.last - len(self._entries)
        start = max(number - skipped, 0)
        chosen = [self._entries[i] for i in range(start, min(start + limit, len(self._entries)))]
        return [asdict(entry) for entry in chosen]

    def newest(self, limit: int) -> list[Entry]:
        """The newest first."""
        return [entry for entry, _ in zip(reversed(self._entries), range(limit), strict=False)]

    async def wait_beyond(self, number: int, seconds: float) -> None:
        """Until there is an entry beyond this number, or the time is over."""
        if self.last > number:
            return
        try:
            await asyncio.wait_for(self._more.wait(), seconds)
        except TimeoutError:
            return

    def clear(self) -> None:
        """Forget the entries; the numbers go on, so that cursors stay right."""
        self._entries.clear()
