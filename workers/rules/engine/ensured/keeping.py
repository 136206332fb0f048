"""What is known of each thing that is ensured, and whether it is to be corrected now."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from app.domain.conference import Ensured, Timer
from app.domain.durations import format_duration
from app.domain.event import Event
from workers.rules.engine.ensured.acts import Acts, wait, whom_of
from workers.rules.engine.state import MutableConference
from workers.rules.engine.timers import ENSURE
from workers.rules.vocabulary.model import Rule, Wish
from workers.rules.vocabulary.states import WORDS

WITHIN = 600.0
"""Seconds after a correction within which its undoing counts as one more in a row."""

EXPIRES = 60.0
"""Seconds that a correction may take."""

_LOST = 10.0
_SAME = 0.001  # due times travel through JSON and Redis' scores


class Thing(NamedTuple):
    """A state of one member, or ("") of the conference, as a rule ensures it."""

    rule: Rule
    wish: Wish
    who: str

    @property
    def key(self) -> str:
        """What is known of it is kept under this."""
        return f"{self.rule.id}.{self.wish.state}.{self.who}"

    @property
    def otherwise(self) -> tuple[str, str]:
        """How it is called when it is otherwise, and what somebody does who makes it so."""
        return WORDS[self.wish.flag, not self.wish.value]


class Keeping:
    """`kept` is what will be known after this look; nothing that is not ensured any more."""

    def __init__(
        self, state: MutableConference, event: Event, acts: Acts, was: dict[tuple[str, str], bool]
    ) -> None:
        """`was`: flags of members, and ("") of the conference, as the event found them."""
        self.state, self.event, self.acts, self._was = state, event, acts, was
        self.kept: dict[str, Ensured] = {}
        self._by_hand: list[str] = []
        self._loops: dict[tuple[str, str, str, float], list[str]] = {}

    def refusal(self, thing: Thing) -> str | None:
        """Why a thing is not to be corrected now, "" when it is as it shall be; None when it is."""
        at, known = self.event.at, self._known(thing)
        so = self._is(thing)
        if known is None:
            if not so:
                was_so = self._was.get((thing.wish.flag, thing.who)) == thing.wish.value
                self.kept[thing.key] = Ensured(at, undone=int(was_so))
            return "" if so else None
        self.kept[thing.key] = known
        if so:
            if not (known.call or known.by or at - max(known.at, known.until) <= WITHIN):
                del self.kept[thing.key]
            return ""
        if known.by:
            return f"{whom_of([thing.who])} is {thing.otherwise[0]} by hand ({known.by})"
        if known.call and at < known.at + EXPIRES + _LOST:
            return "its call is under way"
        if thing.rule.dry_run:
            return "this was told already"
        return self._again(thing, known)

    def corrected(self, thing: Thing, call: str) -> None:
        """By this call; "" in a dry run."""
        known = self.kept[thing.key]
        self.kept[thing.key] = known._replace(at=self.event.at, call=call, until=0.0)

    def set_timer(self) -> None:
        """For the next thing that was undone and is tried again."""
        timer_id = f"{self.state.number}.{ENSURE}"
        self.state.timers.pop(timer_id, None)
        waits = [one.until for one in self.kept.values() if self._waits(one)]
        if waits and self.state.live:
            timer = Timer(timer_id, min(waits), ENSURE, number=self.state.number)
            self.state.timers[timer_id] = timer

    def notes(self) -> Iterator[str]:
        """What people are told."""
        yield from self._by_hand
        for (rule, by, does, pause), members in self._loops.items():
            done = does.format(whom=whom_of(members))
            again = f"again and again; trying again in {format_duration(pause)}"
            yield f"“{rule}”: {by} {done} {again}"

    def undone_by(self, things: Sequence[Thing]) -> Iterator[str]:
        """How it comes that these are not any more as they shall be, in words."""
        found: dict[tuple[str, tuple[str, str]], list[str]] = {}
        for thing in things:
            if self.kept[thing.key].undone:
                found.setdefault((self._by(thing), thing.otherwise), []).append(thing.who)
        for (by, (so, does)), members in found.items():
            whom = whom_of(members)
            if by:
                yield f"{by} {does.format(whom=whom)}"
            elif self.event.kind == "conference.observed":
                yield f"Plivo's list shows {whom} {so}"
            else:
                yield f"{whom} {'are' if len(members) > 1 else 'is'} {so}"

    def _again(self, thing: Thing, known: Ensured) -> str | None:
        """It was corrected, and is undone."""
        at = self.event.at
        if self._waits(known):
            return f"tried again in {format_duration(round(known.until - at, 1))}"
        if known.until:  # the wait is over
            return None
        undone = known.undone + 1 if at - known.at <= WITHIN else 1
        self.kept[thing.key] = known._replace(call="", undone=undone)
        if undone < 2:
            return None
        pause = wait(undone)
        self.kept[thing.key] = known._replace(call="", undone=undone, until=at + pause)
        by = self._by(thing) or "somebody else"
        loop = (thing.rule.name, by, thing.otherwise[1], pause)
        self._loops.setdefault(loop, []).append(thing.who)
        return f"tried again in {format_duration(pause)}"

    def _known(self, thing: Thing) -> Ensured | None:
        """What was done for it so far, by hand just now as well."""
        known = self.state.ensured.get(thing.key)
        by_hand = self.acts.by_hand.get((thing.wish.flag, thing.who))
        if by_hand is None:
            return known
        if by_hand == thing.wish.value:
            return known and Ensured(self.event.at)
        said = f"{whom_of([thing.who])} is {thing.otherwise[0]} by hand, and is left so"
        self._by_hand.append(f"“{thing.rule.name}”: {said}")
        operator = str(self.event.data.get("operator", "somebody"))
        return (known or Ensured(self.event.at))._replace(by=operator)

    def _is(self, thing: Thing) -> bool:
        if not thing.who:
            return self.state.recording == thing.wish.value
        facts = self.state.members[thing.who].facts
        return bool(facts.get(thing.wish.flag)) == thing.wish.value

    def _by(self, thing: Thing) -> str:
        return self.acts.by(thing.wish.flag, not thing.wish.value, thing.who)

    def _waits(self, known: Ensured) -> bool:
        return known.until > self.event.at + _SAME and not known.by
