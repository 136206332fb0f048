"""What rules ensure: held against the conference after every event, Plivo's own list among them.

What is otherwise is corrected by one call, and nothing more is done until that call is through.
What is undone again and again is left for a while, longer each time. Of two rules that contradict
each other the first one holds. What a person has made otherwise by hand is left so, until it is
made as it shall be by hand, or is not ensured any more (docs/decisions/0183).
"""

from collections.abc import Iterator, Sequence

from app.domain.call import Call
from app.domain.event import Event
from app.domain.globs import any_matches
from app.domain.silence import Silence
from workers.rules.engine.candidates.not_meant import elsewhere
from workers.rules.engine.ensured.acts import RUN, Acts, remember, settle
from workers.rules.engine.ensured.keeping import EXPIRES, Keeping, Thing
from workers.rules.engine.index import Rules
from workers.rules.engine.occurrence import EVERYBODY, Occurrence, resolve
from workers.rules.engine.preconditions import as_told, refusal
from workers.rules.engine.run import Run
from workers.rules.engine.running import Running
from workers.rules.engine.state import MutableConference, short_hash
from workers.rules.engine.timers import ENSURE
from workers.rules.vocabulary.actions import VERBS
from workers.rules.vocabulary.model import Fields, Rule, Wish
from workers.rules.vocabulary.states import SETTING

Flags = dict[tuple[str, str], bool]
"""By flag and member, "" for the conference."""


def flags(state: MutableConference) -> Flags:
    """As they are now; none when the conference is not live."""
    found: Flags = {("recording", ""): state.recording} if state.live else {}
    for member in state.members.values():
        found["muted", member.id] = bool(member.facts.get("muted"))
        found["deaf", member.id] = bool(member.facts.get("deaf"))
    return found


class Look:
    """One look, after an event was decided. `made` are the calls that it led to before, `was` are
    the flags that it found; `runs`, `calls` and `notes` are what follows; `idle` are rules for
    which nothing is to do, and why."""

    def __init__(
        self,
        state: MutableConference,
        rules: Rules,
        event: Event,
        was: Flags,
        made: Sequence[Call],
        now: float,
        silences: Sequence[Silence] = (),
    ) -> None:
        self.state, self.rules, self.event, self.now = state, rules, event, now
        self.silences, self._made = silences, tuple(made)
        self.runs: list[Run] = []
        self.idle: list[Run] = []
        self.calls: list[Call] = []
        self.notes: list[str] = []
        self._keeping = Keeping(state, event, Acts(state, event, made), was)
        self._first: Flags = {}
        here = f".{short_hash(state.name, 4)}" if event.kind == "rules.changed" else ""
        self._event_id = event.id + here  # one event comes to all conferences then

    def look(self, fields: Fields) -> None:
        """`fields` are the names that are known without an event of a kind."""
        state, keeping = self.state, self._keeping
        if state.live:
            remember(state, self._made, self.event.at)
            self.notes += settle(state, self.event)
            for place, rule in self.rules.ensuring:
                self._rule(place, rule, fields)
        self.notes += keeping.notes()
        state.ensured = keeping.kept
        keeping.set_timer()

    def _rule(self, place: int, rule: Rule, fields: Fields) -> None:
        event, run_id = self.event, f"{self._event_id}{RUN}{place}"
        if rule.conference_globs and not any_matches(rule.conference_globs, self.state.name):
            self._idle(run_id, rule, elsewhere(rule, self.state.name))
            return
        what = Occurrence(ENSURE, event.id, event.id, event.at)
        run = Running(run_id, rule, what, fields, self.now, zone=self.rules.timezone)
        refused = refusal(self.state, run, self.silences)
        if refused is not None:
            self._idle(run_id, rule, refused.reason, refused.outcome)
            return
        run = as_told(self.state, run, self.silences)
        calls, reasons, left = [], [run.told] if run.told else [], dict[str, None]()
        for number, wish in enumerate(run.rule.ensures):
            due = list(self._due(run.rule, wish, fields, left))
            if due:
                reasons += self._keeping.undone_by(due)
                calls.append(self._call(run, number, wish, due))
        if not calls:
            self._idle(run_id, rule, "; ".join(filter(None, left)) or "all is as it shall be")
            return
        if not run.rule.dry_run:
            self._take_effect(calls)
        outcome = "dry_run" if run.rule.dry_run else "applied"
        lines = tuple(" ".join((VERBS[c.verb].said, ", ".join(c.members))).strip() for c in calls)
        reason = "; ".join(dict.fromkeys(reasons))
        self.runs.append(Run(run_id, event.id, rule.name, rule.id, outcome, reason, lines))

    def _idle(self, id: str, rule: Rule, reason: str, outcome: str = "skipped") -> None:
        self.idle.append(Run(id, self.event.id, rule.name, rule.id, outcome, reason))

    def _due(
        self, rule: Rule, wish: Wish, fields: Fields, left: dict[str, None]
    ) -> Iterator[Thing]:
        """What is to be corrected; `left` says of the rest why not."""
        for who in self._whom(wish, fields):
            thing = Thing(rule, wish, who)
            refused = self._keeping.refusal(thing)
            if refused is None:
                yield thing
            else:
                left[refused] = None

    def _whom(self, wish: Wish, fields: Fields) -> Iterator[str]:
        """Whom it is ensured of, unless a rule before ensures the contrary."""
        members: Sequence[str] = ("",)
        if wish.target is not None:
            members = resolve(wish.target, fields, self.state)
            members = tuple(self.state.members) if members == EVERYBODY else members
        for who in members:
            if self._first.setdefault((wish.flag, who), wish.value) == wish.value:
                yield who

    def _call(self, run: Running, number: int, wish: Wish, due: Sequence[Thing]) -> Call:
        call = Call(
            id=f"{run.id}.{number}",
            verb=SETTING[wish.flag, wish.value],
            conference=self.state.name,
            members=() if wish.target is None else tuple(thing.who for thing in due),
            params=wish.params,
            run=run.id,
            rule=run.rule.name,
            step=number,
            event=self.event.id,
            at=self.event.at,
            expires_at=self.now + EXPIRES,  # however late: it shall be so now
            on_error="continue",
            uuid=self.state.uuid,
        )
        for thing in due:
            self._keeping.corrected(thing, "" if run.rule.dry_run else call.id)
        return call

    def _take_effect(self, calls: Sequence[Call]) -> None:
        self.calls += calls
        awaited = self.state.awaited
        for call in calls:
            self.state.assume(call, self.event.at)
        self.state.awaited = awaited  # the file of a recording is, once its call is through
        remember(self.state, calls, self.event.at)
