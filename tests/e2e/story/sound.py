"""What callers hear of one another, and what recordings heard, by the tone of each voice."""

import io
from collections.abc import Mapping
from itertools import permutations
from urllib.request import urlopen

import numpy as np
import numpy.typing as npt
import soundfile

from tests.e2e.story.processes import Sandbox, answers
from tests.waiting import PATIENCE, until

Samples = npt.NDArray[np.float64]

TONES = (2300.0, 2430.0, 2650.0, 2980.0)
"""Voices, in Hz: above what speech, keys and beeps are made of. Each is a whole number of times in
a window, and no two differ by as much as two others: what is too loud sounds like none of them."""

RATE = 8000
WINDOW = RATE // 10
LOUD = 0.05
"""Half of what a voice comes to in a window that it fills."""

SECONDS = 0.25


def hearing(sandbox: Sandbox, voices: Mapping[str, float]) -> set[tuple[str, str]]:
    """Who hears whom now, as (listener, speaker). All of these calls, each in a conference and with
    its own tone, speak at once; what is heard while they do counts, and nothing else."""
    since = {call: len(heard(sandbox, call)) for call in voices}
    say(sandbox, *voices)
    now = {call: heard(sandbox, call)[since[call] :] for call in voices}
    return {
        (listener, speaker)
        for listener, speaker in permutations(voices, 2)
        if has(now[listener], voices[speaker])
    }


def say(sandbox: Sandbox, *calls: str) -> None:
    """They all speak, until they have said it: by the length of what each of them heard meanwhile,
    which is the sandbox's own time."""
    for call in calls:
        sandbox.speak(call, SECONDS)
    ends = {call: len(heard(sandbox, call)) + SECONDS * RATE for call in calls}
    until(
        lambda: all(len(heard(sandbox, call)) >= end for call, end in ends.items()),
        "what is said to be over",
    )


def has(sound: Samples, hertz: float) -> bool:
    """Whether this tone is in it, if only for a moment."""
    if len(sound) < WINDOW:
        return False
    windows = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[:: WINDOW // 2]
    wave = np.exp(-2j * np.pi * hertz * np.arange(WINDOW) / RATE)
    return bool(np.max(np.abs(windows @ wave)) / WINDOW > LOUD)


def heard(sandbox: Sandbox, call: str) -> Samples:
    """What this caller heard since the call came, until now."""
    return _sound(f"{sandbox.url}/sandbox/calls/{call}/heard.wav")


def recorded(sandbox: Sandbox, conference: str) -> Samples:
    """What the one recording of a conference heard, once it is there."""
    (url,) = sandbox.recordings(conference)
    until(lambda: answers(url), f"the recording of {conference}")
    return _sound(url)


def _sound(url: str) -> Samples:
    with urlopen(url, timeout=PATIENCE) as answer:
        samples, rate = soundfile.read(io.BytesIO(answer.read()))
    assert rate == RATE
    found: Samples = samples
    return found
