"""Events, rules and rooms with defaults, for tests of `decide`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.conference import Conference
from app.domain.event import Event
from app.domain.silence import Silence
from workers.rules.engine.decide import Decision, decide
from workers.rules.engine.index import Rules
from workers.rules.engine.transitions import DOUBT_SECONDS
from workers.rules.vocabulary.model import Condition, Fields, Rule, Step, Target, Trigger, Unknown

START = 1_800_000_000.0
NAME = "sales-1"
UUID = "f0a7239c-f92a-11e6-87d6-d3f6ab578519"
OTHER_UUID = "1edcce24-94a6-11e4-a29c-498d468c930b"

MEMBER = Target("member")
ALL = Target("all")


@dataclass(frozen=True)
class Holds:
    """A condition from a plain function; a missing field makes it unknown."""

    test: Any
    why: str = "it does not hold"

    def refuses(self, fields: Fields) -> str | None:
        try:
            return None if self.test(fields) else self.why
        except KeyError as missing:
            raise Unknown(f"{missing.args[0]} is absent") from None


@dataclass(frozen=True)
class Says:
    """A template (or expression) from a plain function."""

    function: Any

    def render(self, fields: Fields) -> Any:
        try:
            return self.function(fields)
        except KeyError as missing:
            raise Unknown(f"{missing.args[0]} is absent") from None

    evaluate = render


def rule(
    when: str | tuple[str, Any] | Sequence[Any],
    *steps: Step,
    name: str = "A rule",
    **options: Any,
) -> Rule:
    kinds = when if isinstance(when, list) else [when]
    triggers = tuple(Trigger(k) if isinstance(k, str) else Trigger(*k) for k in kinds)
    options.setdefault("id", name.lower().replace(" ", "-"))
    return Rule(name=name, triggers=triggers, steps=steps, **options)


def book(*rules: Rule, **options: Any) -> Rules:
    options.setdefault("digest", "digest")
    return Rules(rules=rules, **options)


def step(action: str, target: Target | None = None, **options: Any) -> Step:
    params = {k: options.pop(k) for k in list(options) if k not in ("expires_in", "on_error")}
    return Step(action, target, params, **options)


def mute(target: Target = MEMBER, **options: Any) -> Step:
    return step("mute", target, **options)


def speak(text: Any = "Hello", target: Target = ALL, **options: Any) -> Step:
    return step("speak", target, text=text, **options)


def wait(duration: float) -> Step:
    return step("wait", duration=duration)


def webhook(**options: Any) -> Step:
    return step("webhook", url="https://crm.example.com/hook", **options)


class Timeline:
    """A conference and its rules on a virtual clock: feed it events, look at what came. Asked for
    recordings, Plivo answers at once that it has none, but not if `plivo_answers` is False."""

    def __init__(self, rules: Rules, name: str = NAME) -> None:
        self.rules = rules
        self.conference = Conference.new(name)
        self.at = START
        self.decisions: list[Decision] = []
        self.over: set[str] = set()
        self.silences: tuple[Silence, ...] = ()
        self.plivo_answers = True
        self._number = 0

    def event(self, kind: str, uuid: str = UUID, **data: Any) -> Event:
        self._number += 1
        return Event(f"evt-{self._number:04}", kind, self.conference.name, self.at, uuid, data)

    def feed(self, *events: Event, now: float | None = None) -> Decision:
        at = self.at if now is None else now
        decision = decide(self.conference, events, self.rules, at, self.over, self.silences)
        self.conference = decision.conference
        self.decisions.append(decision)
        for one in decision.sought if self.plivo_answers else ():
            self.happen("recordings.sought", one.uuid, number=one.number, said="it has none")
        return decision

    def happen(self, kind: str, uuid: str = UUID, **data: Any) -> Decision:
        return self.feed(self.event(kind, uuid, **data))

    def enter(self, member: int | str = 1, **data: Any) -> Decision:
        data.setdefault("call_uuid", f"call-{member}")
        return self.happen("member.entered", member_id=str(member), **data)

    def another(self, member: int | str = 1, **data: Any) -> None:
        """A member enters another instance, and nobody says that this one is over."""
        self.enter(member, uuid=OTHER_UUID, **data)
        self.pass_time(DOUBT_SECONDS)

    def exit(self, member: int | str = 1, **data: Any) -> Decision:
        data.setdefault("call_uuid", f"call-{member}")
        return self.happen("member.exited", member_id=str(member), **data)

    def pass_time(self, seconds: float, late: float = 0.0) -> list[Decision]:
        """Let time pass; timers come due on the way, each `late` seconds late."""
        until = self.at + seconds
        made = []
        while True:
            timers = self.conference.timers.values()
            timer = min((t for t in timers if t.due <= until), key=lambda t: t.due, default=None)
            if timer is None:
                break
            self.at = max(self.at, timer.due)
            event = self.event("timer", "", timer=timer.id, due=timer.due)
            made.append(self.feed(Event(**{**_plain(event), "at": timer.due}), now=self.at + late))
        self.at = until
        return made

    @property
    def calls(self) -> list[tuple[Any, ...]]:
        """All calls so far as (verb, members)."""
        return [(call.verb, *call.members) for d in self.decisions for call in d.calls]

    @property
    def runs(self) -> list[tuple[str, str]]:
        return [(run.rule, run.outcome) for d in self.decisions for run in d.runs]

    @property
    def notes(self) -> list[str]:
        return [note for d in self.decisions for note in d.notes]


def _plain(event: Event) -> dict[str, Any]:
    return {key: getattr(event, key) for key in ("id", "kind", "conference", "at", "uuid", "data")}


def never(_: Fields) -> bool:
    return False


def condition(test: Any, why: str = "it does not hold") -> Condition:
    return Holds(test, why)


def observation(members: Iterable[int | str], run_time: float, **more: Any) -> dict[str, Any]:
    rows = [{"member_id": str(m), "call_uuid": f"call-{m}", "from": "+1415"} for m in members]
    return {"gone": False, "run_time": run_time, "members": rows, **more}
