"""Signed callbacks that were recorded and are played again, byte by byte, after every window."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis import Redis

from bench.chaos.callbacks import Callback, Sender, callback
from bench.chaos.edge import Edge, edge
from bench.chaos.judge import Judge
from bench.chaos.system import System
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


@dataclass
class Stage:
    gavel: System
    edge: Edge
    redis: Redis

    def post(self, sent: Callback, nonce: str) -> None:
        async def post() -> None:
            sender = Sender(self.gavel.port)
            await sender.post(sent, nonce)
            sender.close()

        asyncio.run(post())
        until(Judge(self.redis).is_idle, "everything to be done")

    def forget(self) -> None:
        """As if every window were over."""
        self.redis.delete(*self.redis.keys("gavel:seen:*"))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with edge() as double:
        gavel = System(tmp_path, double.url, RULES)
        redis = gavel.redis()
        try:
            gavel.start()
            yield Stage(gavel, double, redis)
        finally:
            redis.close()
            gavel.stop()


def instance(number: int, member: str, action: str) -> Callback:
    return callback("support", member, action, ConferenceUUID=f"uuid-{number}")


def test_in_a_live_conference_and_after_many_others_a_replay_does_nothing(stage: Stage) -> None:
    first = instance(0, "1", "enter")
    stage.post(first, "first")
    for number in range(70):
        if number:
            stage.post(instance(number, "1", "enter"), f"in-{number}")
        stage.post(instance(number, "1", "exit"), f"out-{number}")
    live = [instance(99, "1", "enter"), instance(99, "2", "enter")]
    live += [
        callback("support", "1", "digits", ConferenceUUID="uuid-99", ConferenceDigitsMatch="5"),
        callback("support", "1", "floor", ConferenceUUID="uuid-99"),
    ]
    for number, sent in enumerate(live):
        stage.post(sent, f"live-{number}")
    before = len(stage.edge.calls())
    assert [call.body["text"] for call in stage.edge.calls("speak")] == ["5", "floor"]
    stage.forget()
    stage.post(first, "first")
    for number, sent in enumerate(live):
        stage.post(sent, f"live-{number}")
    assert len(stage.edge.calls()) == before
