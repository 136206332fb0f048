"""Random timelines with vars, branches, waits and answers decide the same whatever restarts in
between."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.call import Call
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
  - name: ask
    when: member.entered
    do:
      - webhook: {url: "https://crm.example.com/{{ member.id }}", on_error: continue}
      - choose:
          - if: response.json.vip > 1
            do:
              - wait: 2s
              - set: {stage: "{{ response.json.tier }}", count: "{{ response.json.vip }}"}
              - speak: {to: member, text: "{{ response.json.tier }}"}
          - if: response.status | default(0) == 200
            do: [{record: {}}, {log: "{{ recording.id | default('none') }}"}]
      - wait_for: {when: {member.digits: "1"}, by: anybody, timeout: 4s}
      - log: "{{ response.json | json }}"
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
    st.tuples(st.just("answer"), st.integers(0, 9)),
    st.tuples(st.just("recorded"), st.just(0)),
)

BEGINNINGS: tuple[list[tuple[str, int]], ...] = ([], [("enter", 1), ("answer", 0)])

ANSWERS: tuple[Any, ...] = (
    {"status": 200, "size": 9, "json": {"vip": 2, "tier": "gold"}},
    {"status": 200, "size": 9, "json": {"vip": 0.5, "tier": ["é"]}},
    {"status": 201, "size": 9, "json": {"vip": True}},
    {"status": 200, "size": 9, "json": [None, 2**63, "\u2028", {"a": []}]},
    {"status": 200, "size": 9, "left_out": "its body is no JSON"},
    {"status": 404},
    {},
    None,
)


def calls_of(room: Timeline, verb: str) -> list[Call]:
    return [call for d in room.decisions for call in d.calls if call.verb == verb]


def answer(room: Timeline, uuid: str, response: Any, which: int) -> None:
    """One of the last webhooks is through, or was given up."""
    calls = calls_of(room, "webhook")[-3:]
    if calls:
        call = calls[which % len(calls)]
        data = {"run": call.run, "step": call.step, "call": call.id, "verb": "webhook"}
        data |= {} if response is None else {"response": response}
        given_up = response is not None and "size" not in response
        if given_up:
            room.happen("action.failed", uuid, **data, error="refused", rule=call.rule)
        else:
            room.happen("step.done", uuid, **data)


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
        elif what in ("step", "answer"):
            answer(room, uuid, ANSWERS[value % len(ANSWERS)] if what == "answer" else None, value)
        elif what == "recorded":
            for call in calls_of(room, "record")[-1:]:
                room.happen("record.answered", uuid, call=call.id, recording_id=f"rec-{place}")
        else:
            room.pass_time(value)
        if place in restarts:
            room.conference = Conference.from_json(room.conference.to_json())
    decided = [(d.runs, d.calls, d.events, d.notes) for d in room.decisions]
    return [decided, room.conference.to_json()]


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(BEGINNINGS), st.lists(STEP, max_size=28), st.frozensets(st.integers(0, 29)))
def test_restarts_change_nothing(
    begins: list[tuple[str, int]], steps: list[tuple[str, int]], restarts: frozenset[int]
) -> None:
    steps = [*begins, *steps]
    assert play(steps, restarts) == play(steps, frozenset())


def test_the_timelines_reach_every_rule() -> None:
    pressed = [("enter", 1), ("enter", 2), ("press", 1), ("press", 2), ("enter", 3), ("go", 0)]
    room, _ = play([*pressed, ("pass", 8), ("press", 3), ("exit", 1)], frozenset())
    ran = {run.rule for runs, *_ in room for run in runs if run.outcome == "applied"}
    assert ran >= {"raise", "consent", "elapsed"}


def test_the_timelines_reach_the_steps_after_an_answer() -> None:
    room, _ = play([("enter", 1), ("answer", 0), ("pass", 3)], frozenset())
    said = [call.params for _, calls, *_ in room for call in calls if call.verb == "speak"]
    assert {"text": "gold"} in said
