"""What is kept of a conference, and that deciding is pure."""

import ast
from pathlib import Path

import pytest

import app.domain.conference
from app.domain.conference import Conference, UnreadableConference
from tests.workers.rules.engine.builders import (
    OTHER_UUID,
    Timeline,
    book,
    mute,
    rule,
    speak,
    step,
    wait,
    webhook,
)
from workers.rules.vocabulary.model import Limit

FULL = book(
    rule("conference.started", step("record"), webhook(), speak(), name="a"),
    rule("member.entered", mute(), wait(60.0), speak(), name="b", once="member", cooldown=0.0),
    rule([("conference.time_left", 300.0), ("conference.every", 60.0)], speak(), name="c"),
    rule(("recording.missing", 60.0), webhook(), name="d"),
    limits=(Limit(900.0, False),),
)


def full_room() -> Timeline:
    room = Timeline(FULL)
    room.enter(1)
    room.exit(9, uuid="stray")
    room.another(2)
    room.enter(3, uuid=OTHER_UUID)
    room.exit(3, uuid=OTHER_UUID)
    room.happen("recording.started", uuid=OTHER_UUID, recording_id="r1")
    return room


def test_the_state_survives_json() -> None:
    room = full_room()
    room.enter(4, uuid="yet another")
    state = room.conference
    assert state.doubted
    assert state.waiting
    assert state.past
    assert state.strays
    assert state.records
    assert state.asked
    assert state.attended
    assert state.attended_before
    assert Conference.from_json(state.to_json()) == state


def test_a_state_at_the_beginning_of_time_survives_json() -> None:
    state = Conference("x", live=True, alone_since=0.0, limit=0.0)
    assert Conference.from_json(state.to_json()) == state


def test_a_state_of_a_newer_version_is_refused_with_a_sentence() -> None:
    with pytest.raises(UnreadableConference, match="newer"):
        Conference.from_json('{"v": 99, "name": "x"}')


def test_five_members_and_three_timers_take_less_than_two_kilobytes() -> None:
    rules = book(
        rule([("conference.time_left", 300.0), ("conference.every", 60.0)], speak()),
        limits=(Limit(900.0),),
    )
    room = Timeline(rules)
    for member in range(5):
        call = f"e7d6125a-f92a-11e6-85a7-d3f6ab57851{member}"
        numbers = {"from": "+14155550123", "to": "+14155550199", "caller_name": "Anna Miller"}
        room.enter(member, call_uuid=call, direction="inbound", first=False, **numbers)
    assert len(room.conference.timers) == 3
    assert len(room.conference.to_json()) < 2000


def test_what_is_remembered_is_bounded() -> None:
    room = Timeline(book(rule("member.entered", mute(), once="member")))
    room.enter("host")
    for number in range(1000):
        room.enter(number)
        room.exit(number)
        room.exit(number, uuid=f"unknown-{number}")
    for number in range(200):
        room.enter(number, uuid=f"instance-{number}")
        room.pass_time(0.5)
    assert len(room.conference.to_json()) < 20_000


ROOT = Path(app.domain.conference.__file__).parents[2]
PURE = [
    ROOT / "app/domain/call.py",
    ROOT / "app/domain/durations.py",
    ROOT / "app/domain/globs.py",
    ROOT / "app/domain/facts.py",
    ROOT / "app/callers/joining.py",
    ROOT / "app/callers/phones.py",
    ROOT / "app/domain/redaction.py",
    ROOT / "app/domain/suggest.py",
    ROOT / "app/domain/conference.py",
    ROOT / "app/domain/silence.py",
    ROOT / "workers/rules/vocabulary/cron.py",
    ROOT / "workers/rules/vocabulary/model.py",
    *sorted((ROOT / "workers/rules/engine").rglob("*.py")),
]
MAY_IMPORT = {
    "app.domain.call",
    "app.domain.durations",
    "app.domain.facts",
    "app.domain.globs",
    "app.callers.phones",
    "app.callers.joining",
    "app.callers.opening",
    "app.domain.recording",
    "app.domain.moments",
    "app.domain.redaction",
    "app.domain.silence",
    "app.domain.suggest",
    "app.domain.conference",
    "app.domain.event",
    "app.json_text",
    "app.yaml.problems",
    "collections",
    "collections.abc",
    "dataclasses",
    "cronsim",
    "cronsim.cronsim",
    "datetime",
    "difflib",
    "fnmatch",
    "functools",
    "itertools",
    "hashlib",
    "json",
    "math",
    "operator",
    "re",
    "urllib.parse",
    "typing",
    "workers",
    "zoneinfo",
}
NOT_CALLED = {"now", "today", "utcnow", "new_id", "open", "print", "input", "eval", "exec"}


@pytest.mark.parametrize("path", PURE, ids=lambda path: path.name)
def test_nothing_that_decides_reads_a_clock_draws_a_number_or_does_io(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= MAY_IMPORT
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.module in MAY_IMPORT or node.module.startswith("workers.rules")
            assert "new_id" not in {alias.name for alias in node.names}
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            assert name not in NOT_CALLED


def test_strays_that_an_older_version_wrote_are_read() -> None:
    old = '{"v":1,"name":"a","st":[["uuid","1","hash"]],"w":[["r","rule",1,"e",0,1,"timer",{}]]}'
    state = Conference.from_json(old)
    assert state.strays == (("uuid", "1", "hash", 0.0),)
    assert state.waiting["r"].due is None
