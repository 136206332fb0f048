"""What somebody asks for, in the words of a story."""

from typing import Any

import pytest

from app.operators.acts import LONGEST_WORDS, in_words


@pytest.mark.parametrize(
    ("do", "words"),
    [
        ({"mute": "all"}, "mute everyone"),
        ({"mute": ["7"]}, "mute member 7"),
        ({"kick": ["7", "8"]}, "kick members 7, 8"),
        ({"unmute": {"where": "member.from not in lists.hosts"}}, "unmute everyone but hosts"),
        ({"deaf": {"where": "member.muted"}}, "deaf everyone where member.muted"),
        ({"speak": {"to": "all", "text": "Hi"}}, "speak to everyone: “Hi”"),
        ({"speak": {"to": ["7"], "text": "Hi"}}, "speak to member 7: “Hi”"),
        ({"stop_recording": None}, "stop recording"),
        ({"extend": "5m"}, "extend by 5m"),
        ({"hang_up": "conference"}, "hang up the conference"),
        ({"mute": "all", "on_error": "continue"}, "mute everyone, on error continue"),
        ({"record": {"format": "mp3"}}, 'record {"format": "mp3"}'),
    ],
)
def test_a_step_is_told_in_words(do: dict[str, Any], words: str) -> None:
    assert in_words(do) == words


def test_the_words_are_short() -> None:
    assert len(in_words({"speak": {"to": "all", "text": "x" * 3000}})) == LONGEST_WORDS
