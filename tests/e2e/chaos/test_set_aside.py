"""Rows that are damaged, or of a newer version, in a whole Gavel that runs."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.request import urlopen

import pytest

from app.store import keys
from bench.chaos.callbacks import call_uuid, callback
from bench.chaos.scenarios.kills import MUTE
from tests.commands import run_gavel
from tests.e2e.chaos.stage import Stage
from tests.waiting import PATIENCE, until

STATE, INBOX, OUTBOX, NEWER, HEALTHY = ROOMS = ("state", "inbox", "outbox", "newer", "healthy")


class Damaged(Stage):
    def enter(self, member: str, rooms: Sequence[str] = ROOMS) -> None:
        self.post(*[callback(room, member) for room in rooms])

    def muted(self, room: str) -> set[str]:
        return {member for call in self.edge.calls("mute", room) for member in call.members}

    def metric(self, start: str) -> list[str]:
        url = f"http://127.0.0.1:{self.gavel.port}/metrics/cluster"
        with urlopen(url, timeout=PATIENCE) as answer:
            lines: list[str] = answer.read().decode().splitlines()
        return sorted(line for line in lines if line.startswith(start))

    def ready(self) -> str:
        with urlopen(f"http://127.0.0.1:{self.gavel.port}/readyz", timeout=PATIENCE) as answer:
            text: str = answer.read().decode()
        return text

    def doctor(self) -> str:
        done = run_gavel("doctor", environ=self.gavel.environ, folder=self.gavel.folder)
        return done.output


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Damaged]:
    with Damaged.running(tmp_path, MUTE) as running:
        yield running


def test_what_can_not_be_read_is_set_aside_told_and_holds_nobody_up(stage: Damaged) -> None:
    key = {room: keys.conference_key(room) for room in ROOMS}
    stage.enter("1")
    until(lambda: all(stage.muted(room) == {"1"} for room in ROOMS), "the first mutes")
    for member in ("1", "2", "3"):
        stage.edge.world.enter(STATE, member, call_uuid(STATE, member))
    stage.redis.set(keys.conference(key[STATE]), "garbage{")
    stage.redis.rpush(keys.inbox(key[INBOX]), "not an entry")
    stage.redis.set(keys.outbox(key[OUTBOX]), "garbage{")
    stage.redis.set(keys.conference(key[NEWER]), json.dumps({"v": 2, "name": NEWER}))
    stage.enter("2")
    until(lambda: all(stage.muted(room) >= {"1", "2"} for room in ROOMS), "all mutes")
    until(lambda: "3" in stage.muted(STATE), "Plivo's list to fill the new state")
    until(lambda: stage.redis.llen(keys.DEAD) == 4, "four rows set aside")
    assert stage.metric("gavel_rows_set_aside_total{") == [
        f'gavel_rows_set_aside_total{{row="{row}"}} 1.0'
        for row in ("calls", "event", "newer state", "state")
    ]
    assert stage.ready() == "ready\nset aside: 4 (gavel doctor tells)\n"
    assert "4 wait for you in the list gavel:dead" in stage.doctor()
