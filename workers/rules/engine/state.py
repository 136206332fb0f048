"""`MutableConference`: the state of a conference while events are being decided.

Its methods are the changes that can happen; each keeps the state whole. They know nothing of rules.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from hashlib import blake2b
from operator import attrgetter
from typing import Any, Self

from app.domain.call import Call
from app.domain.conference import AWAITS_LATE, Conference, Known, Member, Past
from app.domain.facts import FACTS
from workers.rules.vocabulary.actions import VERBS

GONE_KEPT = 256
ONCE_KEPT = 512
RECORDINGS_KEPT = 64
RECORDS_KEPT = 16
ASKED_KEPT = 4
ATTENDED_KEPT = 256
PAST_KEPT = 4
DOUBTED_KEPT = 8
STRAYS_KEPT = 64
STRAY_SECONDS = 60.0
"""For so long an exit with neither UUID nor call is taken for that of a member who enters later."""
WAITING_KEPT = 200

_VALUES = attrgetter(*(field.name for field in fields(Conference)))


def short_hash(text: str, size: int = 6) -> str:
    """Enough of a text to know it again, "" for ""."""
    return (
        blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).hexdigest() if text else ""
    )


def member_facts(data: Mapping[str, Any]) -> dict[str, Any]:
    """What an event's data tells of its member, under the names that rules use."""
    facts = {"id": data["member_id"]}
    for key in FACTS:
        if data.get(key):
            facts[key] = data[key]
    return facts


def entry_facts(data: Mapping[str, Any]) -> dict[str, Any]:
    """What an `enter` tells of a member."""
    facts = member_facts(data)
    if "first" in data:
        facts["first"] = data["first"]
    return facts


class MutableConference(Conference):
    """A copy of a conference that is being changed; the one it was made of stays as it is."""

    __slots__ = ()

    @classmethod
    def of(cls, conference: Conference) -> Self:
        """A copy whose mappings are its own. What they hold is frozen."""
        values: list[Any] = [dict(v) if type(v) is dict else v for v in _VALUES(conference)]
        return cls(*values)

    def freeze(self) -> Conference:
        """The state as it is now; this copy must not be used afterwards."""
        return Conference(*_VALUES(self))

    # Instances

    def is_other(self, uuid: str) -> bool:
        """Whether this UUID is certainly not the live instance's."""
        return bool(uuid) and bool(self.uuid) and uuid != self.uuid

    def begin(self, uuid: str, started_at: float) -> None:
        """A new instance: it inherits nothing but what guards against replays."""
        self.number += 1
        self.live = True
        self.uuid = uuid
        self.started_at = started_at
        self.gone = {member: call for of, member, call, _ in self.strays if uuid and of == uuid}
        self.strays = tuple(stray for stray in self.strays if not uuid or stray[0] != uuid)
        self.members = {}
        self.limit, self.hang_up, self.extended = None, True, 0.0
        self.recording = self.awaited = self.resumed = False
        self.alone_since = None
        self.cooldowns = {}
        self.attended = {}
        self.vars = {}
        self.ensured = {}
        self.acted = {}

    def adopt(self, uuid: str) -> None:
        """An instance that began without a UUID learns it."""
        if self.live and uuid and not self.uuid:
            self.uuid = uuid

    def finish(self, at: float) -> Past:
        """The live instance is over. Its timers and waits end with it; what it was is in `past`."""
        over = Past(self.number, self.uuid, self.started_at, at, self.limit)
        self.live = self.emptied = False
        for member in self.members.values():
            self._leave(member.id, member.facts.get("call_uuid", ""))
        self.members = {}
        self._keep_attended(at)
        self.waiting = {
            run: waiting
            for run, waiting in self.waiting.items()
            if waiting.number != self.number
            or waiting.awaits == "step"
            or AWAITS_LATE in waiting.fields
        }
        late = {run for run, waiting in self.waiting.items() if AWAITS_LATE in waiting.fields}
        self.timers = {
            k: t for k, t in self.timers.items() if t.number != self.number or t.run in late
        }
        self.recording = False
        self.alone_since = None
        self.ensured = {}
        self.acted = {}
        self.past = (*self.past, over)[-PAST_KEPT:]
        self.uuid = ""
        oldest = self.past[0].number
        self.once = {k: n for k, n in self.once.items() if n >= oldest}
        return over

    def resume(self) -> None:
        """The last instance was taken for ended, and is not."""
        last = self.past[-1]
        self.past = self.past[:-1]
        self.live = self.resumed = True
        self.started_at, self.limit = last.started_at, last.limit
        self.attended = dict(self.attended_before.pop(str(last.number), {}))
        self.uuid = last.uuid
        self.gone = {}  # whoever is listed now is in

    def past_of(self, number: int) -> Past | None:
        """What is known of an earlier instance."""
        return next((past for past in self.past if past.number == number), None)

    def past_by_uuid(self, uuid: str) -> Past | None:
        """The ended instance of this UUID, as far as it is remembered."""
        return next((past for past in self.past if uuid and past.uuid == uuid), None)

    # Members

    def add(self, facts: dict[str, Any], at: float) -> Member:
        """A member is in."""
        facts.setdefault("muted", False)
        facts.setdefault("deaf", False)
        facts.setdefault("entered_at", at)
        member = Member(facts["id"], facts, at)
        self.members[member.id] = member
        self.gone.pop(member.id, None)
        self._attends(member)
        self.seen = at
        self._count_changed(at)
        return member

    def remove(self, member_id: str, at: float, call: str = "") -> Member | None:
        """A member is out, known or not; remembered as gone."""
        member = self.members.pop(member_id, None)
        self.acted.pop(member_id, None)
        if member_id in self.attended:
            self.attended[member_id] = (*self.attended[member_id][:2], at)
        self._leave(member_id, call or (member.facts.get("call_uuid", "") if member else ""))
        self.seen = at
        self._count_changed(at)
        return member

    def learn(self, member_id: str, news: Mapping[str, Any], at: float) -> None:
        """New facts about a member who is in."""
        member = self.members.get(member_id)
        if member is not None:
            self.members[member_id] = Member(member_id, {**member.facts, **news}, at)
            if "from" in news:
                self._attends(self.members[member_id])

    def _attends(self, member: Member) -> None:
        """In from now on, or still; of too many the first who left are forgotten."""
        _, since, _ = self.attended.get(member.id, ("", member.facts["entered_at"], 0.0))
        self.attended[member.id] = (member.facts.get("from", ""), since, 0.0)
        if len(self.attended) > ATTENDED_KEPT:
            left = (id for id, (_, _, until) in self.attended.items() if until)
            del self.attended[next(left, next(iter(self.attended)))]

    def _keep_attended(self, at: float) -> None:
        """Who was in, of an instance whose recording may still come."""
        kept = {n: who for n, who in self.attended_before.items() if self.past_of(int(n))}
        if self.awaited or any(one.number == self.number for one in self.records.values()):
            rows = self.attended.items()
            kept[str(self.number)] = {i: (who, a, until or at) for i, (who, a, until) in rows}
        self.attended_before, self.attended = kept, {}

    def present(self, number: int, since: float, until: float) -> list[Mapping[str, str]]:
        """Who was in that instance then, as a recording tells it."""
        live = self.live and number == self.number
        who = self.attended if live else self.attended_before.get(str(number), {})
        return [
            {"id": id, "from": phone}
            for id, (phone, entered, left) in who.items()
            if entered <= until and (not left or left >= since)
        ]

    def in_call(self, call: str) -> str | None:
        """The member whose call this is."""
        if not call:
            return None
        members = self.members.values()
        return next((m.id for m in members if m.facts.get("call_uuid") == call), None)

    def has_left(self, member_id: str, call: str) -> bool:
        """Whether a member of this id, in this call as far as both are known, has left."""
        known = self.gone.get(member_id)
        return known is not None and (not known or not call or known == short_hash(call, 4))

    def _leave(self, member_id: str, call: str) -> None:
        self.gone[member_id] = short_hash(call, 4)
        if len(self.gone) > GONE_KEPT:
            del self.gone[next(iter(self.gone))]

    def _count_changed(self, at: float) -> None:
        if len(self.members) != 1:
            self.alone_since = None
        elif self.alone_since is None:
            self.alone_since = at

    def assume(self, call: Call, at: float) -> None:
        """What will be so when this call is through."""
        verb = VERBS[call.verb]
        if verb.members == "none":
            if verb.sets.get("recording"):
                number = self.number if self.live else self.number + 1
                one = (call.id, call.run, call.rule, at, number)
                self.asked = (*self.asked, one)[-ASKED_KEPT:]
            self.recording = verb.sets.get("recording", self.recording)
            self.awaited = self.awaited or verb.sets.get("recording", False)
        elif verb.sets:
            for member_id in self.members if call.members == ("all",) else call.members:
                self.learn(member_id, verb.sets, at)

    # Bounded memories

    def stray(self, uuid: str, member_id: str, call: str, at: float) -> None:
        """An exit of an instance that we know nothing of: its enter may come yet."""
        known = (uuid, member_id, short_hash(call, 4), at)
        self.strays = (*self.strays, known)[-STRAYS_KEPT:]

    def identify_stray(self, uuid: str, member_id: str, call: str, at: float) -> None:
        """Its enter has come and says of which instance it was: known by that from now on."""
        if uuid and not any(of == uuid and who == member_id for of, who, _, _ in self.strays):
            self.stray(uuid, member_id, call, at)

    def is_stray(self, uuid: str, member_id: str, call: str, at: float) -> bool:
        """Whether that exit came already: by the UUID where both have one, else by the call, else
        by the member alone, but that only for a while, for members' ids come again."""
        for of, member, known_call, when in self.strays:
            if member != member_id:
                continue
            if of and uuid:
                same = of == uuid
            elif known_call and call:
                same = known_call == short_hash(call, 4)
            else:
                same = abs(at - when) <= STRAY_SECONDS
            if same:
                return True
        return False

    def count_triggers(self, root: str, number: int) -> None:
        """One event from outside has led to so many triggers more."""
        self.triggered[root] = self.triggered.get(root, 0) + number

    def forget_triggers(self, root_of: Callable[[str], str]) -> None:
        """Of events from outside of which no run waits any more."""
        if self.triggered:
            roots = set(map(root_of, self.waiting))
            self.triggered = {root: n for root, n in self.triggered.items() if root in roots}

    def mark_once(self, key: str, number: int) -> None:
        """A `once` rule has run."""
        self.once[key] = number
        if len(self.once) > ONCE_KEPT:
            del self.once[next(iter(self.once))]

    def mark_recording(self, keys: tuple[str, ...], number: int, flag: int) -> None:
        """Something about a recording has been handled."""
        for key in keys:
            self.recordings[key] = (number, self.recordings.get(key, (0, 0))[1] | flag)
        while len(self.recordings) > RECORDINGS_KEPT:
            del self.recordings[next(iter(self.recordings))]

    def keep_record(self, id: str, known: Known) -> None:
        """What tells this recording from others."""
        self.records[id] = known
        if len(self.records) > RECORDS_KEPT:
            done = (id for id, one in self.records.items() if one.ready)
            del self.records[next(done, next(iter(self.records)))]
