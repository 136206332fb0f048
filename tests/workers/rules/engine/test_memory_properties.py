"""Random timelines with vars, branches and waits decide the same whatever restarts in between."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.conference import Conference
from tests.workers.rules.engine.builders import OTHER_UUID, UUID, Timeline
from workers.rules.load import load

RULES = load(
    """
version: 1
limits: [{duration: 2m}]
vars:
  raised: {type: list}
  count: {type: number}
  stage: {type: text, start: quiet}
  open: {type: boolean}
rules:
  - name: raise
    when: {member.digits: "1"}
    if: member.id not in vars.raised
    do: [{set: {raised: "{{ vars.raised + [member.id] }}", count: "{{ vars.count + 1 }}"}}]
  - name: consent
    when: member.entered
    do:
      - wait_for: {when: {member.digits: "1"}, by: member, timeout: 7s}
        else:
          - kick: member
          - set: {raised: "{{ vars.raised - [member.id] }}"}
      - choose:
          - if: vars.count > 2
            do:
              - wait: 3s
              - set: {stage: "{{ vars.stage }} {{ vars.count }}"}
          - if: vars.open
            do: [{webhook: {url: "https://crm.example.com/x"}}]
        else:
          - speak: {to: member, text: "{{ vars.raised | length }} {{ vars.stage }}"}
      - set: {open: "{{ not vars.open }}"}
  - name: elapsed
    when: conference.started
    do:
      - wait_for: {when: [{conference.elapsed: 10s}, {trigger: go}], by: anybody}
      - set: {count: "{{ vars.count + 10 }}"}
      - wait_for: {when: conference.ended}
      - log: "ended with {{ vars.count }}"
  - name: many
    when: {conference.members: {above: 2}}
    match: {vars.open: true}
    do: [{speak: {to: {where: member.id in vars.raised}, text: "{{ vars.raised | join }}"}}]
""",
    "rules.yaml",
)

MEMBER = st.integers(1, 4)
STEP = st.one_of(
    st.tuples(st.just("enter"), MEMBER),
    st.tuples(st.just("exit"), MEMBER),
    st.tuples(st.just("press"), MEMBER),
    st.tuples(st.just("pass"), st.integers(1, 8)),
    st.tuples(st.just("go"), st.just(0)),
    st.tuples(st.just("step"), st.just(0)),
)


def play(steps: list[tuple[str, int]], restarts: frozenset[int]) -> list[Any]:
    """All that was decided, and the state in the end."""
    room, number = Timeline(RULES), 0
    for place, (what, value) in enumerate(steps):
        uuid = UUID if number % 2 == 0 else OTHER_UUID
        if what == "enter":
            room.enter(value, uuid=uuid)
        elif what == "exit":
            was = room.conference.live
            room.exit(value, uuid=uuid)
            number += was and not room.conference.live
        elif what == "press":
            room.happen("member.digits", uuid, member_id=str(value), digits="1")
        elif what == "go":
            room.happen("trigger", uuid, name="go", data={}, chain=0)
        elif what == "step":
            calls = [call for d in room.decisions for call in d.calls if call.verb == "webhook"]
            if calls:
                room.happen("step.done", uuid, run=calls[-1].run, step=calls[-1].step)
        else:
            room.pass_time(value)
        if place in restarts:
            room.conference = Conference.from_json(room.conference.to_json())
    decided = [(d.runs, d.calls, d.events, d.notes) for d in room.decisions]
    return [decided, room.conference.to_json()]


@settings(max_examples=500, deadline=None)
@given(st.lists(STEP, max_size=30), st.frozensets(st.integers(0, 29)))
def test_restarts_change_nothing(steps: list[tuple[str, int]], restarts: frozenset[int]) -> None:
    assert play(steps, restarts) == play(steps, frozenset())


def test_the_timelines_reach_every_rule() -> None:
    pressed = [("enter", 1), ("enter", 2), ("press", 1), ("press", 2), ("enter", 3), ("go", 0)]
    room, _ = play([*pressed, ("pass", 8), ("press", 3), ("exit", 1)], frozenset())
    ran = {run.rule for runs, *_ in room for run in runs if run.outcome == "applied"}
    assert ran >= {"raise", "consent", "elapsed"}
