"""The journal in words."""

from collections.abc import Mapping
from typing import Any

import pytest
from rich.cells import cell_len

from cli.output.format_journal import Story


def plain(_colour: str, text: str) -> str:
    return text


def told(kind: str, data: Mapping[str, Any]) -> str:
    story = Story(plain, dates=True)
    event = {"id": "evt-1", "kind": kind, "data": data}
    entry = {"at": 0.0, "conference": "demo", "kind": "event", "event": event}
    return next(story.lines(entry), "").partition("● ")[2]


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("recording.ready", {"duration": 12.0}, "the recording is ready (12s)"),
        ("recording.ready", {}, "the recording is ready"),
        ("callback.unknown", {"action": "waitSound"}, "a callback that is no event: waitSound"),
        (
            "recording.ready",
            {"unreadable": {"Event": "is not known: 'X'"}},
            "the recording is ready (left out: Event is not known: 'X')",
        ),
        ("callback.unknown", {"action": ""}, "a callback that is no event: no action"),
        ("member.entered", {"from": "+14155550100"}, "…0100 (somebody) entered"),
        ("member.entered", {"caller_name": "\x1b[2J\n"}, "\\x1b[2J\\n (somebody) entered"),
    ],
)
def test_an_event_is_told_as_far_as_it_is_known(
    kind: str, data: Mapping[str, Any], words: str
) -> None:
    assert told(kind, data) == words


def lines(*, everything: bool = False, **more: Any) -> list[str]:
    event = {"id": "evt-1", "kind": "member.entered", "data": {"member_id": "7"}}
    entry = {"at": 0.0, "conference": "demo", "kind": "event", "event": event, **more}
    story = Story(plain, everything=everything, dates=True)
    return [line.partition("demo")[2].strip() for line in story.lines(entry)]


def test_the_story_says_in_one_line_that_no_rule_was_meant() -> None:
    assert lines(ran=0, not_meant_count=3) == [
        "● member 7 entered  (no rule was meant: 3 wait for this kind; why not: gavel why)"
    ]
    assert lines(ran=0) == ["● member 7 entered  (no rule was meant: none waits for it)"]
    assert lines(ran=1, not_meant_count=3) == ["● member 7 entered"]


def test_why_tells_each_rule_that_did_not_run_and_counts_the_rest() -> None:
    skipped = [{"reason": "conference.name is 'demo', not demo-*", "rules": ["Mute", "Greet"]}]
    assert lines(everything=True, ran=0, skipped=skipped, skipped_more=2) == [
        "● member 7 entered  (no rule was meant)",
        "rule “Mute”: skipped (conference.name is 'demo', not demo-*)",
        "rule “Greet”: skipped (conference.name is 'demo', not demo-*)",
        "and 2 more rules did not run; gavel explain tells of each",
    ]


def test_the_words_on_an_event_that_was_told_of_before_are_for_why_alone() -> None:
    skipped = [{"reason": "once", "rules": ["Mute"]}]
    entry = {"at": 0.0, "conference": "demo", "kind": "verdict", "event": "evt-1", "ran": 0}
    for everything, count in ((True, 1), (False, 0)):
        story = Story(plain, everything=everything, dates=True)
        assert len(list(story.lines(entry | {"skipped": skipped}))) == count


def test_why_shows_what_plivos_support_asks_for_and_the_live_story_does_not() -> None:
    id = "87322084-9221-4507-8712-123150915581"
    call = {"kind": "call", "verb": "mute", "status": "done", "api_id": id}
    data = {"recording_id": "r", "url": "https://u", "api_id": id}
    event = {"kind": "event", "event": {"id": "evt-1", "kind": "recording.ready", "data": data}}
    for entry in (call, event):
        for everything in (True, False):
            story = Story(plain, everything=everything, dates=True)
            [line] = story.lines({"at": 0.0, "conference": "demo", **entry})
            assert line.endswith(f"api_id {id}") is everything


def test_rules_are_told_once_on_the_terminal_and_in_each_conference_that_lives() -> None:
    rules = {"at": 0.0, "conference": "", "kind": "rules", "taken": True, "text": "rules taken"}
    event = {"id": "evt-1", "kind": "rules.changed", "data": {"said": "2 rules; added A"}}
    live = {"at": 0.0, "conference": "demo", "kind": "event", "event": event}
    terminal = Story(plain, dates=True)
    assert [line.split("  ")[-1] for line in terminal.lines(rules)] == ["rules taken"]
    assert not list(terminal.lines(live))
    [line] = Story(plain, everything=True, dates=True).lines(live)
    assert line.endswith("● the rules changed: 2 rules; added A")


CALL = {
    "at": 0.0,
    "conference": "demo",
    "kind": "call",
    "verb": "speak",
    "members": ["all"],
    "status": "retry",
    "error": "503 from 会议室会议室 " + "x" * 90,
    "ms": 9.9,
    "api_ms": 2.6,
}


@pytest.mark.parametrize("width", [80, 100, 120])
@pytest.mark.parametrize("named", [True, False])
def test_a_line_fits_its_terminal_and_the_times_stand_at_the_right(width: int, named: bool) -> None:
    story = Story(plain, named=named, width=lambda: width)
    day, first, *others = story.lines(CALL)
    assert day.startswith(("1970-01-01 ", "1969-12-31 "))
    assert cell_len(first) == width
    assert first.endswith("9.9 ms, API 2.6 ms")
    assert others
    assert all(cell_len(line) <= width for line in others)
    told = "".join((first, *others)).replace(" ", "")
    assert told.count("x") == 90
    assert "会议室会议室" in told


def test_a_very_narrow_terminal_has_no_column_of_its_own_for_the_times() -> None:
    lines = list(Story(plain, width=lambda: 60).lines(CALL))
    assert all(cell_len(line) <= 60 for line in lines)
    assert "API 2.6 ms" in "".join(lines)


def test_an_id_is_never_broken_and_stands_below_where_it_has_no_room() -> None:
    id = "87322084-9221-4507-8712-123150915581"
    call = {**CALL, "error": "", "api_id": id}
    story = Story(plain, everything=True, named=False, width=lambda: 80)
    assert [line.strip() for line in story.lines(call)][-1] == f"api_id {id}"
    wide = list(Story(plain, everything=True, named=False, width=lambda: 140).lines(call))
    assert f"api_id {id}" in wide[-1]
    assert wide[-1].endswith("API 2.6 ms")


def test_the_day_is_told_once_and_again_when_it_is_another() -> None:
    story = Story(plain, width=lambda: 80)
    entries = [CALL, CALL, {**CALL, "at": 86400.0}]
    days = [line for entry in entries for line in story.lines(entry) if line[:2] == "19"]
    assert len(days) == 2


def test_of_a_webhook_that_asks_it_is_told_what_came_and_not_what_is_in_it() -> None:
    call = {"kind": "call", "verb": "webhook", "status": "done"}
    story = Story(plain, dates=True)
    for response, said in (
        ({"status": 200, "size": 31}, "done: answered 200, 31 bytes"),
        (
            {"status": 200, "size": 5, "left_out": "its body is no JSON"},
            "done: answered 200, 5 bytes, left out: its body is no JSON",
        ),
        ({"status": 404}, "done"),
    ):
        [line] = story.lines({"at": 0.0, "conference": "demo", **call, "response": response})
        assert line.endswith(said)
