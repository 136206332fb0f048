"""The journal in words."""

from collections.abc import Mapping
from typing import Any

import pytest

from cli.output.format_journal import Story


def told(kind: str, data: Mapping[str, Any]) -> str:
    story = Story(lambda _colour, text: text)
    event = {"id": "evt-1", "kind": kind, "data": data}
    line = story.line({"at": 0.0, "conference": "demo", "kind": "event", "event": event})
    return (line or "").partition("● ")[2]


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
