"""Working the webhooks of one conference, in order, beside its calls to Plivo."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from app.domain.call import Call
from app.metrics.catalogue import WEBHOOK_REQUESTS, WEBHOOK_SECONDS
from app.store.lease import Lease
from workers.conference.beside import CallsBeside
from workers.conference.errors import CallError
from workers.conference.outbox import Entry
from workers.conference.turns import Turns
from workers.webhooks.sender import WebhookSender
from workers.webhooks.shares import HostShares
from workers.webhooks.ssrf_guard import place_of


class WebhookProcessor(CallsBeside):
    """The webhooks of one conference, held by this worker."""

    what = "webhook"

    def __init__(
        self,
        lease: Lease,
        sender: WebhookSender,
        hosts: HostShares,
        turns: Turns,
        stopping: threading.Event,
    ) -> None:
        super().__init__(lease, stopping)
        self._sender, self._hosts, self._turns = sender, hosts, turns
        self._responses: dict[str, Mapping[str, Any]] = {}  # by call, until it is told

    @contextmanager
    def room_for(self, call: Call) -> Iterator[float | None]:
        """A share of its host. Others of this host are waited for without holding a thread."""
        host = host_of(call)
        with self._hosts.taken(host) as taken:
            yield None if taken else self.lease.now() + self._hosts.pause(host)

    def send(self, group: Sequence[Entry]) -> Sequence[str]:
        """Send the webhook, which nobody gives an id. Raises CallError."""
        self.make_sure(group)
        call, answered, outcome_of = group[0].call, True, "2xx"
        began = time.perf_counter()
        try:
            with self._turns.lent():
                now, left = self.lease.now(), self._left(call)
                self._hear(call, self._sender.send(call, now, self.unit.trace, left))
        except CallError as error:
            answered, outcome_of = error.sent == "yes", _counted_as(error)
            self._hear(call, {"status": error.status} if error.status is not None else {})
            raise
        finally:
            self._hosts.answered(host_of(call), answered)
            WEBHOOK_REQUESTS.add(self.unit.next.counters, outcome_of)
            if outcome_of != "not_sent":
                WEBHOOK_SECONDS.observe(self.unit.next.counters, time.perf_counter() - began)
        return ()

    def found_out(self, call: Call, error: str) -> Mapping[str, Any]:
        """What its receiver answered last, where steps ask for it."""
        response = self._responses.pop(call.id, {})
        return {"response": dict(response)} if call.asks else {}

    def _hear(self, call: Call, response: Mapping[str, Any]) -> None:
        if call.asks:
            self._responses[call.id] = response
            names = ("status", "size", "left_out")
            self.unit.heard = {name: response[name] for name in names if name in response}

    def _left(self, call: Call) -> float | None:
        """For how long an answer that steps wait for is worth having, in seconds."""
        if not call.asks or call.expires_at is None:
            return None
        return call.expires_at - self.lease.now()


def _counted_as(error: CallError) -> str:
    if error.status is not None:
        return f"{error.status // 100}xx"
    return "not_sent" if error.kind == "permanent" else "no_answer"


def host_of(call: Call) -> str:
    """The host that a webhook goes to; "" where its address is none, which sending tells."""
    try:
        return place_of(str(call.params["url"])).host
    except CallError:
        return ""
