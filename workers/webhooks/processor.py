"""A turn at a conference's web lane: webhooks, in order, beside the calls to Plivo.

A lane of its own, so that a slow receiver of a webhook never holds up a mute. What waits in its
inbox are calls; what became of each goes back to the conference's inbox, where its run goes on.
"""

import json
from collections.abc import Sequence
from dataclasses import replace

from app.domain.call import Call
from app.store import keys
from app.store.lease import Lease
from workers.bootstrap import Hands
from workers.conference.outbox import Entry, Outbox
from workers.conference.processor import outcome
from workers.conference.turn import Turn, Waiting


class WebTurn(Turn):
    def __init__(self, hands: Hands, lease: Lease) -> None:
        super().__init__(lease, lease.taken.name, hands.stopping)
        self.hands = hands

    def take_in(self, waiting: Waiting) -> None:
        self.pending.decided += len(waiting)
        self.outbox = self.outbox.add(Call.from_json_dict(json.loads(text)) for _, text in waiting)

    def in_order(self, outbox: Outbox) -> Outbox:
        """One that waits for its next try, perhaps for hours, does not hold up the others."""
        entries = sorted(outbox.entries, key=lambda entry: entry.not_before)
        return replace(outbox, entries=tuple(entries))

    def send(self, group: Sequence[Entry]) -> None:
        while self.lease.keep():
            continue  # asking took time, too
        self.check_not_over(group)
        with self.hands.waiting():
            self.hands.webhooks.send(group[0].call)

    def done(self, group: Sequence[Entry]) -> None:
        self._tell(group[0].call)

    def failed(self, entry: Entry, error: str) -> None:
        self._tell(entry.call, error)

    def _tell(self, call: Call, error: str = "") -> None:
        key = self.lease.key.removesuffix(keys.WEB)
        self.pending.send.append((key, self.name, outcome(call, error).to_json()))
