"""What the admin API answers with, as JSON values."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.conference import Conference
from app.domain.recording import Recording
from app.domain.redaction import mask_phones
from app.domain.silence import Silence
from app.operators.attention import GivenUp, SetAside
from app.operators.batches import Batch
from app.operators.reading import Listed, Story, timers_of
from app.store import keys

Json = dict[str, Any]

_IDS = frozenset(
    {"id", "key", "uuid", "call_uuid", "call", "run", "event", "instance", "next", "api_id"}
)


def recorded(one: Recording) -> Json:
    """A recording of a list, which does not read who was there."""
    return {name: told for name, told in one.to_json_dict().items() if name != "members"}


def listed(one: Listed) -> Json:
    """A conference of a list."""
    told = {"key": one.key, "name": one.name, "live": one.live, "last_at": one.last_at}
    state = one.state
    if state is None:
        return told
    if not state.live:
        past = state.past[-1] if state.past else None
        return told | {"ended_at": past.ended_at if past else None}
    return told | {
        "uuid": state.uuid,
        "started_at": state.started_at,
        "limit_at": state.limit_at,
        "members": len(state.members),
        "recording": state.recording,
    }


def conference(
    key: str,
    name: str,
    state: Conference | None,
    silences: Sequence[Silence],
    rules: Mapping[str, str],
) -> Json:
    """All that is known of one conference. `rules` are the names of rules by their ids."""
    state = Conference.new(name) if state is None else state
    return {
        "key": key,
        "name": name,
        "live": state.live,
        "uuid": state.uuid if state.live else "",
        "started_at": state.started_at if state.live else None,
        "limit_at": state.limit_at if state.live else None,
        "recording": state.recording,
        "members": [dict(member.facts) for member in state.members.values()],
        "vars": dict(state.vars) if state.live else {},
        "timers": [
            {
                "id": timer.id,
                "due": timer.due,
                "kind": timer.kind,
                "rule": rules.get(timer.rule, ""),
            }
            for timer in timers_of(state)
        ],
        "silences": [silence(one) for one in silences if one.conference in ("", name)],
        "past": [
            {"uuid": one.uuid, "started_at": one.started_at, "ended_at": one.ended_at}
            for one in reversed(state.past)
        ],
    }


def story(found: Story) -> Json:
    """A part of a journal."""
    return {
        "entries": [{"id": id, **entry} for id, entry in found.entries],
        "next": found.next,
        "more": found.more,
        "gap": found.gap,
    }


def silence(one: Silence) -> Json:
    """A silence."""
    return {
        "id": one.id,
        "rule": one.rule,
        "every_rule": not one.rule,
        "conference": one.conference,
        "until": one.until,
        "reason": one.reason,
        "who": one.who,
        "how": one.how,
        "made_at": one.made_at,
        "mode": one.mode,
    }


def given_up(one: GivenUp) -> Json:
    """A call that was given up."""
    call = one.call
    return {
        "id": one.id,
        "conference": call["conference"],
        "key": keys.conference_key(call["conference"]),
        "verb": call["verb"],
        "members": call["members"],
        "rule": call["rule"],
        "event": call["event"],
        "at": one.at,
        "error": one.error,
    }


def set_aside(one: SetAside) -> Json:
    """What was set aside."""
    return {
        "id": one.id,
        "conference": one.conference,
        "at": one.at,
        "what": one.what,
        "event": one.event,
        "kind": one.kind,
        "error": one.error,
    }


def batch(one: Batch) -> Json:
    """Calls that were asked for again together, and how far that is."""
    return {
        "id": one.id,
        "who": one.who,
        "at": one.at,
        "reason": one.reason,
        "counts": dict(one.counts),
        "left": one.left,
        "calls": [
            {
                "id": item.call,
                "conference": item.conference,
                "event": item.event,
                "state": item.state,
            }
            for item in one.items
        ],
    }


def masked(value: Any, name: str = "") -> Any:
    """A JSON value with telephone numbers by their last four digits, ids as they are."""
    if isinstance(value, str):
        return value if name in _IDS else mask_phones(value)
    if isinstance(value, Mapping):
        return {key: masked(inner, key) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [masked(inner, name) for inner in value]
    return value
