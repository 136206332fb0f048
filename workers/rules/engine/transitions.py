"""Derived truth: what callbacks mean that come twice, late, swapped, incomplete or not at all.

Each function changes the draft and yields the facts that follow, one transition at a time, so that
rules that run on a fact see the conference as it was then. What changes nothing is noted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.conference import Past
from app.domain.event import Event
from workers.rules.engine import timers
from workers.rules.engine.occurrence import Fact
from workers.rules.engine.ruleset import Rules
from workers.rules.engine.state import Draft, member_facts, short_hash
from workers.rules.vocabulary.globs import any_matches


@dataclass(frozen=True, slots=True)
class Scene:
    """What derivation works on: the draft, the rules (for timers), and the notes so far."""

    draft: Draft
    rules: Rules
    notes: list[str]
    now: float

    def ignore(self, event: Event, why: str) -> None:
        """Say that an event changes nothing."""
        self.notes.append(f"{event.kind} {event.id} ignored: {why}")


# Entering


def entered(scene: Scene, event: Event) -> Iterator[Fact]:
    """A callback `enter`."""
    draft, data = scene.draft, event.data
    member_id, call = data["member_id"], data.get("call_uuid", "")
    why = _enter_refused(draft, event, member_id, call)
    if why:
        scene.ignore(event, why)
        return
    if draft.live and draft.is_other(event.uuid):
        yield from end(scene, event, f"{event.id}-end")
    if draft.live:
        old = _same_member(draft, member_id, call)
        if old is not None:
            yield from leave(scene, event, f"{event.id}-exit", old, {}, last=False)
    facts = entry_facts(data)
    facts.setdefault("first", not draft.live)  # Plivo's flag is not documented and may be missing
    yield from enter(scene, event, event.id, facts)
    if data.get("recording_id"):
        draft.recording = draft.awaited = True


def enter(
    scene: Scene,
    event: Event,
    fact_id: str,
    facts: dict[str, Any],
    started_at: float | None = None,
) -> Iterator[Fact]:
    """A member is in, as a callback or Plivo's list says; the first one starts the conference."""
    draft = scene.draft
    starts = not draft.live
    if starts:
        draft.begin(event.uuid, event.at if started_at is None else started_at)
        timers.set_limit(draft, scene.rules)
    adopt(draft, event)
    before = len(draft.members)
    facts.setdefault("muted", _joins_muted(scene))
    member = draft.add(facts, event.at)
    if starts:
        timers.derive(draft, scene.rules, event.at)
        yield Fact("conference.started", fact_id, event.id, event.at)
    else:
        timers.derive_alone(draft, scene.rules)
    yield Fact("member.entered", fact_id, event.id, event.at, {"member": member.facts})
    yield _crossing(event, fact_id, before, before + 1)


def entry_facts(data: Mapping[str, Any]) -> dict[str, Any]:
    """What an `enter` tells of a member."""
    facts = member_facts(data)
    if "first" in data:
        facts["first"] = data["first"]
    return facts


def _joins_muted(scene: Scene) -> bool:
    """Whether our answer to a call lets it in muted; Plivo's list corrects it if need be."""
    name = scene.draft.name
    answers = (a for a in scene.rules.answers if any_matches(a.conference, name))
    answer = next(answers, None)
    return answer is not None and bool(answer.options.get("muted", False))


def adopt(draft: Draft, event: Event) -> None:
    """An instance that began without a UUID learns it."""
    if draft.live and event.uuid and not draft.uuid:
        draft.uuid = event.uuid


def _enter_refused(draft: Draft, event: Event, member_id: str, call: str) -> str:
    if draft.is_over(event.uuid):
        return "its conference has ended"
    if draft.is_stray(event.uuid, member_id):
        return f"member {member_id} has left already"
    if draft.live and draft.is_other(event.uuid):
        return ""
    known = draft.members.get(member_id)
    if known is not None:
        known_call = known.facts.get("call_uuid", "")
        if not call or not known_call or call == known_call:
            news = {k: v for k, v in entry_facts(event.data).items() if k not in known.facts}
            draft.learn(member_id, news, known.seen)
            return f"member {member_id} is in already"
    if draft.has_left(member_id, call) and (draft.live or (call and not event.uuid)):
        return f"member {member_id} has left already"
    if draft.live and call:
        newer = _in_call(draft, call)
        if newer is not None and _is_older(member_id, newer):
            draft.gone[member_id] = short_hash(call, 4)
            return f"member {member_id} is member {newer} by now"
    return ""


def _same_member(draft: Draft, member_id: str, call: str) -> str | None:
    """Who must be out when this member is in: a call is in a conference once, and so is an id."""
    return member_id if member_id in draft.members else _in_call(draft, call)


def _in_call(draft: Draft, call: str) -> str | None:
    if not call:
        return None
    return next((m.id for m in draft.members.values() if m.facts.get("call_uuid") == call), None)


def _is_older(member_id: str, other: str) -> bool:
    """Ids count upwards within a conference, as far as they are numbers."""
    return member_id.isdecimal() and other.isdecimal() and int(member_id) < int(other)


# Leaving


def exited(scene: Scene, event: Event) -> Iterator[Fact]:
    """A callback `exit`. Of an unknown member it is remembered, for the enter may come later."""
    draft, data = scene.draft, event.data
    member_id, call = data["member_id"], data.get("call_uuid", "")
    if draft.is_over(event.uuid):
        return scene.ignore(event, "its conference has ended")
    if not draft.live or draft.is_other(event.uuid):
        if event.uuid and not draft.is_stray(event.uuid, member_id):
            draft.stray(event.uuid, member_id, call)
        return scene.ignore(event, "nothing is known of its conference")
    if member_id not in draft.members and member_id in draft.gone:
        return scene.ignore(event, f"member {member_id} has left already")
    if member_id in draft.members:
        adopt(draft, event)
    return (yield from leave(scene, event, event.id, member_id, data, data.get("last")))


def leave(
    scene: Scene,
    event: Event,
    fact_id: str,
    member_id: str,
    data: Mapping[str, Any],
    last: bool | None = None,
) -> Iterator[Fact]:
    """A member is out. The last one ends the conference, unless Plivo said (`last` is False) that
    somebody is still there whom we do not know: then the next look at Plivo's list decides."""
    draft = scene.draft
    before = len(draft.members)
    member = draft.remove(member_id, event.at, data.get("call_uuid", ""))
    timers.derive_alone(draft, scene.rules)
    facts = dict(member.facts) if member is not None else {"id": member_id}
    if data:
        facts = {**facts, **member_facts(data)}
    over = finish(scene, event) if not draft.members and last is not False else None
    yield Fact("member.exited", fact_id, event.id, event.at, {"member": facts}, over=over)
    if member is not None:
        yield _crossing(event, fact_id, before, before - 1, over)
    if over is not None and not draft.resumed:
        yield Fact("conference.ended", fact_id, event.id, event.at, over=over)


def end(scene: Scene, event: Event, fact_id: str) -> Iterator[Fact]:
    """The live instance is over though its members were not seen to leave."""
    over = finish(scene, event)
    if not scene.draft.resumed:
        yield Fact("conference.ended", fact_id, event.id, event.at, over=over)


def finish(scene: Scene, event: Event) -> Past:
    """End the live instance; afterwards only the wait for its recording goes on."""
    draft = scene.draft
    for waiting in draft.waiting.values():
        if waiting.awaits == "timer" and waiting.number == draft.number:
            scene.notes.append(f"run {waiting.run} does not go on: the conference has ended")
    over = draft.finish(event.at)
    if draft.awaited:
        timers.set_missing(draft, scene.rules, over.number, event.at)
    return over


def _crossing(
    event: Event, fact_id: str, before: int, after: int, over: Past | None = None
) -> Fact:
    return Fact("conference.members", fact_id, event.id, event.at, value=(before, after), over=over)


# Being heard of


def heard(scene: Scene, event: Event) -> Iterator[Fact]:
    """Callbacks `digits` and `floor`. They do not make an unknown member enter: their `enter` may
    be on its way, with all that is known of them."""
    draft, data = scene.draft, event.data
    member_id = data["member_id"]
    if draft.is_over(event.uuid):
        return scene.ignore(event, "its conference has ended")
    if (draft.live and draft.is_other(event.uuid)) or (draft.past and not draft.live):
        return scene.ignore(event, "nothing is known of its conference")
    if member_id in draft.gone and member_id not in draft.members:
        return scene.ignore(event, f"member {member_id} has left already")
    facts = member_facts(data)
    known = draft.members.get(member_id)
    if known is not None:
        draft.seen = event.at
        facts = {**known.facts, **facts}
        draft.learn(member_id, facts, event.at)
    fields: dict[str, Any] = {"member": facts}
    if "digits" in data:
        fields["digits"] = data["digits"]
    yield Fact(event.kind, event.id, event.id, event.at, fields, value=data.get("digits"))


def triggered(scene: Scene, event: Event) -> Iterator[Fact]:
    """A system of the user's, or the action `trigger`, named something."""
    data = event.data
    fields: dict[str, Any] = {
        "trigger": {"name": data["name"]},
        "data": data.get("data", {}),
    }
    if data.get("member_id"):
        member = scene.draft.members.get(data["member_id"])
        fields["member"] = {"id": data["member_id"]} if member is None else member.facts
    over = scene.draft.past_by_uuid(event.uuid)
    yield Fact(
        "trigger",
        event.id,
        event.id,
        event.at,
        fields,
        data["name"],
        None,
        over,
        data.get("chain", 0),
    )
