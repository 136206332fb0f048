"""The event of `gavel explain` out of a file."""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.domain.event import Event
from app.errors import Unusable
from app.plivo.parse import parse
from app.plivo.signature import PlivoRequest
from workers.rules.explanation.asked import Given, NoEvent, no_kind
from workers.rules.explanation.replay import UnreadableRecord, events_of
from workers.rules.vocabulary.triggers import EVENTS

WANTED = (
    "write an event, such as "
    '{"kind": "member.entered", "conference": "standup", "data": {"member_id": "1"}}'
    ", or take a line of `gavel why CONFERENCE --json`, or the fields of a callback of Plivo"
)


def event_of_file(path: str, given: Given) -> Event:
    """An event out of a JSON file: an event (`kind`, `conference`, `data`), an entry of the
    journal, or the fields of a callback as Plivo sends them. Raises NoEvent."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise NoEvent(f"{path} can not be read: {error.strerror}") from None
    except ValueError as error:
        raise NoEvent(f"{path} is not JSON ({error}): {WANTED}") from None
    if not isinstance(found, dict):
        raise NoEvent(f"{path} is not a JSON object: {WANTED}")
    if "kind" not in found:
        fields = [(str(key), str(value)) for key, value in found.items()]
        try:
            event = replace(parse(PlivoRequest("POST", "", (), fields)), at=time.time())
        except Unusable as error:
            raise NoEvent(f"{path} has no `kind`, and is no callback ({error}): {WANTED}") from None
    else:
        event = _recorded(_filled_in(found, given), path)
    if not event.conference and given.conference:
        event = replace(event, conference=given.conference)
    return replace(event, data={**event.data, **given.data})


def _filled_in(found: Mapping[str, Any], given: Given) -> Mapping[str, Any]:
    """An event, or an entry of the journal, with what only flags tell."""
    if "event" in found:
        return found
    data = found.get("data", {})
    told = {"at": time.time(), "conference": given.conference, **found}
    return {**told, "data": {**data, **given.data} if isinstance(data, dict) else data}


def _recorded(entry: Mapping[str, Any], path: str) -> Event:
    try:
        for event in events_of([entry]):
            if event.kind in EVENTS:
                return event
    except UnreadableRecord as error:
        raise NoEvent(f"{path}: {error}") from None
    kind = str(entry["kind"])
    raise NoEvent(f"{path}: " + no_kind(repr(kind), kind))
