"""Whatever is shuffled, doubled, dropped or swapped: what must hold of every conference."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.conference import Conference
from app.domain.event import Event
from tests.workers.rules.engine.builders import (
    NAME,
    START,
    Says,
    book,
    mute,
    rule,
    speak,
    step,
    wait,
    webhook,
)
from workers.rules.engine.decide import decide
from workers.rules.engine.run import Decision
from workers.rules.vocabulary.model import Limit

UUIDS = ("uuid-one", "uuid-two", "uuid-three")
SEEN = Says(lambda fields: f"{fields['conference'].get('uuid', '')}")

RULES = book(
    rule("conference.started", step("record"), speak(SEEN), name="started"),
    rule("conference.ended", webhook(), name="ended"),
    rule("member.entered", mute(), wait(3.0), speak(), name="entered"),
    rule("member.exited", webhook(), speak(), name="exited"),
    rule(["member.entered", "conference.started"], speak(), name="both"),
    rule(("conference.members", ("above", 1)), webhook(), name="two"),
    rule("member.digits", step("extend", duration=10.0), name="extend"),
    rule(("trigger", "go"), step("trigger", name="stop", data={}), name="chain"),
    rule(("trigger", "stop"), mute(), once="member", name="once"),
    rule("recording.ready", webhook(), speak(), name="recording"),
    rule([("conference.elapsed", 5.0), ("conference.every", 4.0)], speak(), name="time"),
    rule(("member.alone", 2.0), speak(), name="alone"),
    rule(("conference.time_left", 5.0), speak(), name="warn", cooldown=1.0),
    rule(("recording.missing", 9.0), webhook(), name="missing"),
    limits=(Limit(20.0),),
)


@dataclass(frozen=True)
class Told:
    """A conference as it was, and as it was told."""

    events: tuple[Event, ...]
    now: float


@st.composite
def instances(draw: st.DrawFn) -> list[Event]:
    """What truly happened: one to three instances of one name, one after the other."""
    happened: list[Event] = []
    at = START
    for uuid in UUIDS[: draw(st.integers(1, 3))]:
        members = [str(n) for n in range(1, draw(st.integers(1, 4)) + 1)]
        inside: list[str] = []
        waiting = list(members)
        moves: list[tuple[str, str]] = []
        while waiting or inside:
            enters = bool(waiting) and (not inside or draw(st.booleans()))
            if not inside and moves:
                break
            member = waiting.pop(0) if enters else inside.pop(draw(st.integers(0, len(inside) - 1)))
            inside.extend([member] if enters else [])
            moves.append(("member.entered" if enters else "member.exited", member))
            if enters and draw(st.booleans()):
                moves.append(("member.digits", member))
        for kind, member in moves:
            at += draw(st.floats(0.01, 3.0))
            data = {"member_id": member, "call_uuid": f"{uuid}-call-{member}"}
            if kind == "member.digits":
                data["digits"] = "1"
            happened.append(Event(f"e{len(happened)}", kind, NAME, at, uuid, data))
        recording = {"recording_id": f"r-{uuid}", "url": f"https://x/{uuid}", "duration": 3.0}
        happened.append(Event(f"e{len(happened)}", "recording.ready", NAME, at, uuid, recording))
        at += 5.0
    return happened


@st.composite
def tellings(draw: st.DrawFn, *, drops: bool = True) -> Told:
    """The same, shuffled, doubled and with gaps, at times that go on, then nobody is there."""
    happened = draw(instances())
    told = list(happened)
    for _ in range(draw(st.integers(0, 4))):
        told.insert(draw(st.integers(0, len(told))), draw(st.sampled_from(happened)))
    for _ in range(draw(st.integers(0, 3)) if drops else 0):
        told.pop(draw(st.integers(0, len(told) - 1)))
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, max(0, len(told) - 2)))
        told[place : place + 2] = reversed(told[place : place + 2])
    if draw(st.booleans()):
        told = draw(st.permutations(told))
    told = [_poorer(event, draw(st.integers(0, 9))) for event in told]
    at = START
    events = []
    for number, event in enumerate(told):
        at += draw(st.sampled_from([0.01, 0.5, 2.5, 6.0]))
        events.append(replace(event, id=f"t{number}", at=at))
    return Told(tuple(events), at)


def _poorer(event: Event, less: int) -> Event:
    """Callbacks may lack what Plivo does not promise."""
    if event.kind == "recording.ready":
        return replace(event, uuid="") if less == 1 else event
    if less in (0, 3):
        event = replace(event, data={k: v for k, v in event.data.items() if k != "call_uuid"})
    if event.kind == "member.exited" and less in (2, 3):
        return replace(event, uuid="")
    return event


class Played:
    """Decides events one by one, with timers as they come due, and checks on the way."""

    def __init__(self, conference: Conference, *, through_json: bool = False) -> None:
        self.conference = conference
        self.through_json = through_json
        self.decisions: list[Decision] = []
        self.ended: Counter[int] = Counter()

    def play(self, events: Sequence[Event]) -> None:
        for event in events:
            self.fire_until(event.at)
            self.feed(event)

    def fire_until(self, at: float) -> None:
        for _ in range(500):
            due = [timer for timer in self.conference.timers.values() if timer.due <= at]
            if not due:
                return
            timer = min(due, key=lambda timer: (timer.due, timer.id))
            data = {"timer": timer.id, "due": timer.due}
            event_id = f"timer-{len(self.decisions)}"
            self.feed(Event(event_id, "timer", NAME, timer.due, "", data))
        raise AssertionError("timers never end")

    def feed(self, event: Event) -> None:
        before = self.conference
        if self.through_json:
            before = Conference.from_json(before.to_json())
        decision = decide(before, [event], RULES, event.at)
        self.conference = decision.conference
        self.decisions.append(decision)
        check(event, before, decision)
        for one in decision.sought:
            data = {"number": one.number, "said": "it has none"}
            id = f"{event.id}-sought"
            self.feed(Event(id, "recordings.sought", NAME, event.at, one.uuid, data))

    def finish(self) -> None:
        """A minute later Plivo no longer knows it."""
        at = max(self.conference.seen, START) + 60
        self.fire_until(at)
        self.feed(Event("the-end", "conference.observed", NAME, at, "", {"gone": True}))
        self.fire_until(at + 60)

    def count(self, rule_name: str) -> int:
        return sum(
            run.rule == rule_name and run.outcome == "applied"
            for decision in self.decisions
            for run in decision.runs
        )


def check(event: Event, before: Conference, decision: Decision) -> None:
    after = decision.conference
    lasting = ("recording.missing", "seek", "wait")
    for timer in after.timers.values():
        assert timer.kind in lasting or (after.live and timer.number == after.number)
        assert timer.kind != "wait" or timer.run in after.waiting
    assert after.live or not after.members
    assert not set(after.members) & set(after.gone)
    assert after.number - before.number in (0, 1)
    ran = Counter((run.id, run.rule) for run in decision.runs if run.outcome == "applied")
    assert max(ran.values(), default=1) == 1
    ids = Counter(call.id for call in decision.calls)
    assert max(ids.values(), default=1) == 1
    for call in decision.calls:
        if call.verb != "webhook":
            assert after.live or before.live


@settings(max_examples=150)
@given(tellings())
def test_a_conference_starts_once_and_ends_once_whatever_is_told(told: Told) -> None:
    played = Played(Conference.new(NAME))
    played.play(told.events)
    played.finish()
    assert played.count("started") == played.count("ended") == played.conference.number
    assert played.conference.number <= len(UUIDS)
    assert not played.conference.live
    assert {timer.kind for timer in played.conference.timers.values()} <= {"wait", "seek"}
    assert not played.conference.waiting or all(
        waiting.awaits == "step" for waiting in played.conference.waiting.values()
    )


@settings(max_examples=60)
@given(instances())
def test_a_conference_that_is_told_in_order_is_known_exactly(happened: list[Event]) -> None:
    played = Played(Conference.new(NAME))
    played.play(happened)
    kinds = Counter(event.kind for event in happened)
    calls = [call for decision in played.decisions for call in decision.calls]
    entered = [call for call in calls if call.rule == "entered" and call.step == 0]
    assert len(entered) == kinds["member.entered"]
    assert played.count("exited") == kinds["member.exited"]
    assert played.count("started") == len({event.uuid for event in happened})
    assert not played.conference.live


@settings(max_examples=80)
@given(tellings(), st.integers(1, 6))
def test_deciding_one_by_one_is_deciding_in_a_batch(told: Told, size: int) -> None:
    single = batched = Conference.new(NAME)
    singles: list[Decision] = []
    batches: list[Decision] = []
    for start in range(0, len(told.events), size):
        batch = told.events[start : start + size]
        batches.append(decide(batched, batch, RULES, told.now))
        batched = batches[-1].conference
        for event in batch:
            singles.append(decide(single, [event], RULES, told.now))
            single = singles[-1].conference
    assert batched == single
    assert [call for d in batches for call in d.calls] == [c for d in singles for c in d.calls]
    assert [note for d in batches for note in d.notes] == [n for d in singles for n in d.notes]


@settings(max_examples=80)
@given(tellings())
def test_a_state_that_went_through_json_decides_the_same(told: Told) -> None:
    straight, stored = (
        Played(Conference.new(NAME)),
        Played(Conference.new(NAME), through_json=True),
    )
    for played in (straight, stored):
        played.play(told.events)
        played.finish()
    assert straight.decisions == stored.decisions


@settings(max_examples=80)
@given(tellings())
def test_replaying_everything_again_makes_no_call(told: Told) -> None:
    played = Played(Conference.new(NAME))
    played.play(told.events)
    played.finish()
    again = [
        replace(event, id=f"again-{event.id}", at=played.conference.seen + 90_000)
        for event in told.events
    ]
    decision = decide(played.conference, again, RULES, again[-1].at if again else 0.0)
    assert decision.calls == ()
    assert not decision.conference.live


@settings(max_examples=60)
@given(tellings(drops=False), st.integers(0, 99))
def test_a_look_at_plivos_list_makes_the_roster_right(told: Told, cut: int) -> None:
    events = told.events[: cut % (len(told.events) + 1)]
    played = Played(Conference.new(NAME))
    played.play(events)
    if not played.conference.live:
        return
    at = max(told.now, played.conference.seen) + 60
    played.fire_until(at)
    rows = [{"member_id": "77", "call_uuid": "call-77"}]
    stays = next(iter(played.conference.members.values()), None)
    if stays is not None:
        rows.append({"member_id": stays.id, "call_uuid": stays.facts.get("call_uuid", "")})
    data = {"gone": False, "run_time": at - played.conference.started_at, "members": rows}
    played.feed(Event("look", "conference.observed", NAME, at, "", data))
    assert set(played.conference.members) == {row["member_id"] for row in rows}


@st.composite
def swapped(draw: st.DrawFn) -> list[Event]:
    """The first two events of an unknown conference in the wrong order, poor in other ways."""

    def event(kind: str, member: str, uuid: str, call: str) -> Event:
        data = {"member_id": member, "call_uuid": call}
        return Event(f"{kind}-{member}", kind, NAME, START, uuid, data)

    calls = st.sampled_from(["call-1", ""])
    enter = event("member.entered", "1", UUIDS[0], draw(calls))
    left = event("member.exited", "1", draw(st.sampled_from([UUIDS[0], ""])), draw(calls))
    names = draw(st.lists(st.integers(2, 30).map(str), unique=True))
    others = [event("member.exited", name, "", f"call-{name}") for name in names]
    place = draw(st.integers(0, len(others)))
    again = [replace(left, id="again")] if draw(st.booleans()) else []
    return [*others[:place], left, *others[place:], *again, enter, *again]


@settings(max_examples=80)
@given(swapped())
def test_an_exit_before_its_enter_makes_no_ghost_however_poor_it_is(told: list[Event]) -> None:
    played = Played(Conference.new(NAME), through_json=True)
    played.play(told)
    assert not played.conference.live
    assert not [call for decision in played.decisions for call in decision.calls]


@st.composite
def looks(draw: st.DrawFn) -> Told:
    """Callbacks, and looks at Plivo's list that may be old or wrong, in between."""
    told = draw(tellings())
    events = list(told.events)
    for number in range(draw(st.integers(1, 5))):
        place = draw(st.integers(0, len(events)))
        at = events[place - 1].at if place else START
        rows = [
            {"member_id": member, "call_uuid": f"{uuid}-call-{member}"}
            for member in draw(st.lists(st.sampled_from("1234"), unique=True, max_size=4))
            for uuid in [draw(st.sampled_from(UUIDS))]
        ]
        data: dict[str, object] = {"gone": draw(st.integers(0, 4)) == 0, "members": rows}
        data |= {"as_of": at - draw(st.sampled_from([0.0, 2.0, 10.0]))}
        if draw(st.booleans()):
            data["run_time"] = draw(st.floats(0.0, 60.0))
        events.insert(place, Event(f"look-{number}", "conference.observed", NAME, at, "", data))
    return Told(tuple(events), told.now)


@settings(max_examples=150)
@given(looks())
def test_every_instance_starts_and_ends_once_whatever_plivos_list_says(told: Told) -> None:
    played = Played(Conference.new(NAME))
    played.play(told.events)
    played.finish()
    assert played.count("started") == played.count("ended") == played.conference.number
    assert not played.conference.live
