"""Signed callbacks that were recorded and are played again, byte by byte, after every window."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.chaos.callbacks import Callback, callback
from bench.chaos.judge import Judge
from tests.e2e.chaos.stage import Stage
from tests.waiting import until

RULES = """
version: 1
rules:
  - name: Digits
    when: member.digits
    do:
      - speak: {to: member, text: "{{ digits }}"}
  - name: Floor
    when: member.speaking
    do:
      - speak: {to: member, text: "floor"}
  - name: Enters
    when: member.entered
    do:
      - mute: member
"""


class Replays(Stage):
    def play(self, sent: Callback, nonce: str) -> None:
        self.post(sent, nonce=nonce)
        until(Judge(self.redis).is_idle, "everything to be done")

    def forget(self) -> None:
        """As if every window were over."""
        self.redis.delete(*self.redis.keys("gavel:seen:*"))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Replays]:
    with Replays.running(tmp_path, RULES) as running:
        yield running


def instance(number: int, member: str, action: str) -> Callback:
    return callback("support", member, action, ConferenceUUID=f"uuid-{number}")


def test_in_a_live_conference_and_after_many_others_a_replay_does_nothing(stage: Replays) -> None:
    first = instance(0, "1", "enter")
    stage.play(first, "first")
    for number in range(70):
        if number:
            stage.play(instance(number, "1", "enter"), f"in-{number}")
        stage.play(instance(number, "1", "exit"), f"out-{number}")
    live = [instance(99, "1", "enter"), instance(99, "2", "enter")]
    live += [
        callback("support", "1", "digits", ConferenceUUID="uuid-99", ConferenceDigitsMatch="5"),
        callback("support", "1", "floor", ConferenceUUID="uuid-99"),
    ]
    for number, sent in enumerate(live):
        stage.play(sent, f"live-{number}")
    before = len(stage.edge.calls())
    assert [call.body["text"] for call in stage.edge.calls("speak")] == ["5", "floor"]
    stage.forget()
    stage.play(first, "first")
    for number, sent in enumerate(live):
        stage.play(sent, f"live-{number}")
    assert len(stage.edge.calls()) == before
