"""`Occurrence`: one thing that an event turned out to mean; what rules see of it, whom they mean.

An event is what was accepted; an occurrence is what a rule is held against. One event may be
several: the first `enter` is the start of its conference, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.domain.conference import Past
from app.domain.event import MOST_NAMED, OthersLive
from workers.rules.engine.state import MutableConference
from workers.rules.vocabulary.model import NO_ANSWER, Fields, Target, Unknown
from workers.rules.vocabulary.names import ALWAYS, GROUPS, SINGLE

KEPT_FOR_LATER = tuple(name for name in (*GROUPS, *SINGLE) if name not in ALWAYS)
"""What a run takes along over a wait; the rest is made anew when it goes on."""

EVERYBODY = ("all",)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """`kind` is a trigger of the catalogue, or `limit` or `wait` (the inner ones).

    `id` is the event's, with a suffix when the event speaks of several members or instances: a rule
    runs once per id. `at` is in seconds since the epoch. `fields` are the names that only this one
    has. `value` is held against the parameter of a trigger. `only` is the one rule (id) and trigger
    index that a timer is for, `not_for` the name of the one rule that must not run. `over` is the
    instance it is about when that one has ended. `chain` counts the `trigger` actions before it.
    `due` is when it should have been, if it was held back: steps expire from then.
    """

    kind: str
    id: str
    event: str
    at: float
    fields: Mapping[str, Any] = field(default_factory=dict)
    value: Any = None
    only: tuple[str, int] | None = None
    not_for: str | None = None
    over: Past | None = None
    chain: int = 0
    due: float | None = None

    def run_id(self, place: int) -> str:
        """The id of the run of the rule at that place of the file."""
        return f"{self.id}.{place}"

    def number_in(self, state: MutableConference) -> int:
        """Which instance of the conference it is about."""
        return self.over.number if self.over else state.number

    def uuid_in(self, state: MutableConference) -> str:
        """The UUID of that instance, "" where it is not known."""
        return self.over.uuid if self.over else state.uuid


def root_of(id: str) -> str:
    """The event from outside that a run, or an event that a step made, goes back to: ids grow by
    parts, each parted by a dot."""
    return id.partition(".")[0]


def fields_of(
    what: Occurrence, state: MutableConference, lists: Mapping[str, tuple[str, ...]]
) -> dict[str, Any]:
    """The names a rule can see, as `workers.rules.vocabulary.names` documents them: plain nested
    mappings; `now` and all ages are those of the moment it happened."""
    return {
        **what.fields,
        "conference": _past(state.name, what.over) if what.over else _live(state, what.at),
        "event": {"id": what.event, "received_at": what.at},
        "lists": lists,
        "now": what.at,
    }


def account_view(account: OthersLive, state: MutableConference) -> dict[str, Any]:
    """What else is live, and this conference if it is: of itself it knows better."""
    own = (state.name,) if state.live else ()
    view: dict[str, Any] = {"conference_count": account.count + len(own)}
    if account.others is not None:
        view["conferences"] = (*own, *account.others)[:MOST_NAMED]
    return view


def resolve(target: Target, fields: Fields, state: MutableConference) -> tuple[str, ...]:
    """Ids, or ("all",); () when nobody is left. Raises `Unknown` when the event has no member.

    Members who are known to have left are left out; ids that we never heard of stay, Plivo may
    know them.
    """
    if target.kind == "all":
        return EVERYBODY
    if target.kind == "where":
        return tuple(
            member.id
            for member in state.members.values()
            if _holds(target, {**fields, "member": member.facts})
        )
    if target.kind == "ids":
        ids = (*target.ids, *(str(template.render(fields)) for template in target.id_templates))
        return tuple(dict.fromkeys(i for i in ids if _may_be_in(state, i)))
    own = _own_id(fields)
    if target.kind == "others":
        return tuple(member_id for member_id in state.members if member_id != own)
    return (own,) if _may_be_in(state, own) else ()


def crosses(parameter: tuple[str, float], before: int, after: int) -> bool:
    """Whether the number of members came to N ("is"), or rose above or fell below it."""
    how, number = parameter
    if how == "above":
        return before <= number < after
    if how == "below":
        return before >= number > after
    return before != number == after


def _live(state: MutableConference, at: float) -> dict[str, Any]:
    view: dict[str, Any] = {
        "name": state.name,
        "member_count": len(state.members),
        "recording": state.recording,
        "members": [member.facts for member in state.members.values()],
    }
    if state.uuid:
        view["uuid"] = state.uuid
    if state.live:
        elapsed = round(max(0.0, at - state.started_at), 3)
        view["started_at"] = state.started_at
        view["elapsed"] = elapsed
        if state.limit is not None:
            view["limit"] = state.limit
            view["time_left"] = round(max(0.0, state.limit - elapsed), 3)
    return view


def _past(name: str, past: Past) -> dict[str, Any]:
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


def _own_id(fields: Fields) -> str:
    try:
        return str(fields["member"]["id"])
    except KeyError:
        raise Unknown("this event has no member") from None


def _may_be_in(state: MutableConference, member_id: str) -> bool:
    return member_id in state.members or member_id not in state.gone


def _holds(target: Target, fields: Fields) -> bool:
    if target.where is None:
        return False
    try:
        return bool(target.where.evaluate(fields))
    except (Unknown, *NO_ANSWER):
        return False
