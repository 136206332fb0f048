"""The names a rule can see about one fact, as `workers.rules.vocabulary.names` documents them."""

from typing import Any

from app.domain.conference import Past
from workers.rules.engine.occurrence import Fact
from workers.rules.engine.ruleset import Rules
from workers.rules.engine.state import Draft

KEPT_FOR_LATER = ("member", "digits", "trigger", "data", "recording", "transcription", "failure")
"""What a run takes along over a wait; the rest is made anew when it goes on."""


def fields_of(draft: Draft, rules: Rules, fact: Fact) -> dict[str, Any]:
    """Plain nested mappings; `now` and all ages are those of the moment it happened."""
    view = _past_view(draft.name, fact.over) if fact.over else _live_view(draft, fact.at)
    return {
        **fact.fields,
        "conference": view,
        "event": {"id": fact.event, "received_at": fact.at},
        "lists": rules.lists,
        "now": fact.at,
    }


def _live_view(draft: Draft, at: float) -> dict[str, Any]:
    view: dict[str, Any] = {
        "name": draft.name,
        "member_count": len(draft.members),
        "recording": draft.recording,
        "members": [member.facts for member in draft.members.values()],
    }
    if draft.uuid:
        view["uuid"] = draft.uuid
    if draft.live:
        elapsed = round(max(0.0, at - draft.started_at), 3)
        view["started_at"] = draft.started_at
        view["elapsed"] = elapsed
        if draft.limit is not None:
            view["limit"] = draft.limit
            view["time_left"] = round(max(0.0, draft.limit - elapsed), 3)
    return view


def _past_view(name: str, past: Past) -> dict[str, Any]:
    elapsed = round(past.ended_at - past.started_at, 3)
    view: dict[str, Any] = {
        "name": name,
        "member_count": 0,
        "recording": False,
        "members": [],
        "started_at": past.started_at,
        "elapsed": elapsed,
    }
    if past.uuid:
        view["uuid"] = past.uuid
    if past.limit is not None:
        view["limit"] = past.limit
        view["time_left"] = round(max(0.0, past.limit - elapsed), 3)
    return view
