"""The state of a release, as it was left in the middle of everything, is gone on with."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from app.domain.event import Event, new_id
from app.domain.operator import Operator
from app.operators.attention import ask_again, given_up
from app.store import keys
from app.store.inbox import Inbox
from app.store.journal import Journal
from app.store.recordings import Recordings
from tests.doubles.plivo_edge import PlivoEdge, plivo_edge
from tests.workers.builders import context_of, work_until
from tests.workers.kept.dump import dump, load
from workers.bootstrap import Context

HERE = Path(__file__).parent
RULES = (HERE / "rules.yaml").read_text(encoding="utf-8")
MADE = json.loads((HERE / "state.json").read_text(encoding="utf-8"))


@pytest.fixture
def edge() -> Iterator[PlivoEdge]:
    with plivo_edge() as running:
        yield running


@pytest.fixture
def context(redis: Redis, edge: PlivoEdge, tmp_path: Path) -> Context:
    load(redis, MADE["keys"], int(time.time()) - MADE["at"])
    return context_of(redis, edge.url, tmp_path, RULES)


def accept(redis: Redis, kind: str, **data: object) -> None:
    event = Event(new_id(), kind, "kept", 0.0, "uuid-1", data)
    Inbox(redis).accept(event, identities=[])


def calls(edge: PlivoEdge) -> list[tuple[str, str]]:
    """What was asked of Plivo: `1/Speak/`, and the text."""
    asked = [(seen.path.rpartition("/Member/")[2], seen.json()) for seen in edge.seen]
    return [(path, body.get("text", "")) for path, body in asked]


def test_it_comes_out_of_redis_as_it_was_put_there(redis: Redis) -> None:
    load(redis, MADE["keys"], 0)
    found = dump(redis)
    assert {key: one[:2] for key, one in found.items()} == {
        key: one[:2] for key, one in MADE["keys"].items()
    }


def test_what_was_under_way_goes_on(redis: Redis, edge: PlivoEdge, context: Context) -> None:
    ahead = {
        ("3/Speak/", "You are number 3."),  # was to be tried again
        ("4/Speak/", "You are number 4."),  # waited in the inbox
        ("all/Speak/", "It was soon."),  # its timer
    }
    work_until(context, lambda: len(edge.seen) >= len(ahead))
    assert set(calls(edge)) == ahead
    accept(redis, "trigger", name="really", data={}, chain=0)
    work_until(context, lambda: ("all/Mute/", "") in calls(edge))
    assert len(edge.seen) == len(ahead) + 1
    assert redis.llen(keys.DEAD) == 0


def test_what_was_done_once_and_what_is_silenced_stay_so(
    redis: Redis, edge: PlivoEdge, context: Context
) -> None:
    accept(redis, "trigger", name="never", data={}, chain=0)
    accept(redis, "trigger", name="welcome", data={}, chain=0)
    accept(redis, "trigger", name="really", data={}, chain=0)
    work_until(context, lambda: len(edge.seen) >= 4)
    said = {text for _, text in calls(edge)}
    assert said == {"You are number 3.", "You are number 4.", "It was soon.", ""}


def test_what_was_given_up_can_be_made_again(
    redis: Redis, edge: PlivoEdge, context: Context
) -> None:
    [one] = given_up(redis)
    ask_again(redis, one, time.time(), Operator("ops", "cli"), "")
    work_until(context, lambda: ("2/Speak/", "You are number 2.") in calls(edge))


def test_recordings_and_transcripts_find_each_other(redis: Redis, context: Context) -> None:
    for id in ("rec-1", "rec-9"):
        accept(redis, "recording.ready", recording_id=id, url=f"https://media.plivo.com/{id}.mp3")
    known = Recordings(redis)
    work_until(context, lambda: (found := known.get("rec-9")) and found.transcript)
    one = known.get("rec-1")
    assert one is not None
    assert (one.state, one.rule) == ("ready", "Record")


def test_its_story_can_be_read(redis: Redis, context: Context) -> None:
    kinds = [entry["kind"] for entry in Journal(redis).of("kept")]
    assert {"event", "run", "call"} <= set(kinds)
