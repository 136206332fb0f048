"""Who makes the files of recordings: what every studio can (see studios.py for which there are)."""

from collections.abc import Sequence
from typing import Protocol

from sandbox.world.model import Recording
from sandbox.world.timeline import Content, Timeline

RATE = 8_000
"""Samples a second, mono, as the telephone network has them."""


Stays = Sequence[tuple[Timeline, str]]
"""Where a call was, with its id there."""


class Studio(Protocol):
    """Makes files. `keeps_sound`: a timeline is worth writing; `speaks`: it can read aloud;
    `kept` recordings are kept at most.
    """

    keeps_sound: bool
    speaks: bool
    kept: int

    async def finish(self, recording: Recording, timeline: Timeline | None) -> None:
        """Make the file; sets the recording's `duration` to that of the file, in seconds."""

    async def measure(self, content: Content) -> float | None:
        """The true length of a sound in seconds, None when it is not known."""

    def read(self, recording: Recording) -> bytes:
        """A finished file."""

    async def heard(self, stays: Stays, start: float, end: float) -> bytes:
        """What one call heard at all these places, as a wav file."""

    def forget(self, recording: Recording) -> None:
        """Remove the file of this recording."""

    def close(self) -> None:
        """Remove all files."""
