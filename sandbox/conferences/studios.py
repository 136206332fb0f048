"""Which studio there is: one that knows silence only, or the true one where it is installed."""

import struct
from collections.abc import Callable
from importlib.util import find_spec

from sandbox.conferences.studio import RATE, Stays, Studio
from sandbox.world.errors import BadOptions
from sandbox.world.model import Recording
from sandbox.world.timeline import Content, Timeline

# One frame of MPEG-2.5 layer III, 8 kbit/s, 8 kHz, mono: header, and side information that says
# that nothing follows. 72 bytes, 576 samples of silence.
_FRAME = bytes([0xFF, 0xE3, 0x18, 0xC0]) + bytes(68)
_FRAME_SAMPLES = 576


class SilentStudio:
    """Files of the true length with nothing in them, made when they are asked for."""

    keeps_sound = False
    speaks = False
    kept = 1_000

    async def finish(self, recording: Recording, timeline: Timeline | None) -> None:
        unit = _FRAME_SAMPLES if recording.format == "mp3" else 1
        units = max(round(recording.duration * RATE / unit), 1)
        recording.duration = units * unit / RATE

    async def measure(self, content: Content) -> float | None:
        return None

    def read(self, recording: Recording) -> bytes:
        samples = round(recording.duration * RATE)
        if recording.format == "mp3":
            return _FRAME * (samples // _FRAME_SAMPLES)
        return wav_header(samples) + bytes(2 * samples)

    async def heard(self, stays: Stays, start: float, end: float) -> bytes:
        samples = round((end - start) * RATE)
        return wav_header(samples) + bytes(2 * samples)

    def forget(self, recording: Recording) -> None:
        """There is no file."""

    def close(self) -> None:
        """There are no files."""


def wav_header(samples: int) -> bytes:
    """The 44 bytes before 16-bit mono samples."""
    size = samples * 2
    form = struct.pack("<HHIIHH", 1, 1, RATE, RATE * 2, 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", 36 + size)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + form
        + b"data"
        + struct.pack("<I", size)
    )


def studio_for(sound: str, whispers: Callable[[], bool]) -> Studio:
    """Real sound when it is wanted (`auto`, `on`) and installed."""
    installed = all(find_spec(name) is not None for name in ("numpy", "soundfile"))
    if sound == "on" and not installed:
        raise BadOptions("sound is on, but not installed: pip install 'gavel[sound]'")
    if sound == "off" or not installed:
        return SilentStudio()
    from sandbox.conferences.sound.studio import SoundStudio

    return SoundStudio(whispers)
