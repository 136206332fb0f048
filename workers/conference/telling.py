"""What others are told of a call of a conference: the rules, in its own inbox, and the other
workers, in the account's budget."""

import logging
from collections.abc import Mapping
from typing import Any

from redis.exceptions import RedisError

from app.domain.call import Call
from app.domain.event import Event, new_id
from app.logs import step
from app.store.inbox import Inbox
from app.store.server.errors import trouble
from workers.conference.api import Answer
from workers.conference.budget import Budget
from workers.conference.errors import CallError
from workers.conference.outbox import outcome
from workers.conference.unit import Unit
from workers.rules.engine.ensured.acts import RUN as ENSURES

log = logging.getLogger("gavel.decide")


def answered(unit: Unit, call: Call, answer: Answer) -> None:
    """What the answer to a record call says of the recording that it began."""
    told = {"recording_id": answer.recording_id, "api_id": ",".join(answer.request_ids)}
    _tell(unit, call, {name: said for name, said in told.items() if said})


def ended(unit: Unit, call: Call, error: str, *, answer_told: bool) -> None:
    """A run learns that its step was given up; after one that was made it goes on by itself, but
    where its steps ask for the answer. What is ensured is not looked at until its call is through,
    so that is told."""
    if error or ENSURES in call.run:
        unit.next.send_to(unit.lease.key, unit.name, outcome(call, error).to_json())
    elif call.asks and not answer_told:
        _tell(unit, call, {"already": True})


def observed(
    budget: Budget, inbox: Inbox, conference: str, error: CallError | None, recording_id: str | None
) -> None:
    """Tell the others how the API fares and which recording is ours. That Redis is away now must
    not hide what became of the call."""
    try:
        budget.observe(error)
        if recording_id:
            inbox.remember_recording(recording_id, conference)
    except RedisError as away:
        found = trouble(away)
        step(
            log,
            "trouble with Redis",
            level=logging.WARNING,
            kind=found.kind,
            reason=found.sentence,
        )


def _tell(unit: Unit, call: Call, told: Mapping[str, Any]) -> None:
    data = {"call": call.id, **told}
    event = Event(new_id(), "record.answered", call.conference, 0.0, call.uuid, data)
    unit.next.send_to(unit.lease.key, unit.name, event.to_json())
