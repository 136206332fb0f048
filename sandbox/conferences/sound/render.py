"""From timelines to files. Everything here runs in a thread beside the sandbox's own."""

import io
import tempfile
from typing import BinaryIO, cast

import soundfile

from sandbox.conferences.sound.mix import heard_parts, mixed, recorded_parts
from sandbox.conferences.sound.voices import Voices
from sandbox.conferences.studio import RATE, Stays
from sandbox.world.timeline import Timeline

FORMATS = {"mp3": ("MP3", "MPEG_LAYER_III"), "wav": ("WAV", "PCM_16")}


def render_recording(
    wanted: str, timeline: Timeline, start: float, end: float, voices: Voices, *, whispers: bool
) -> tuple[BinaryIO, float]:
    """What a recording heard as a `wanted` file (mp3, wav), and its length in seconds.

    The file has no name: it is gone with this process, however that ends.
    """
    parts = [(clip, recorded_parts(timeline, clip, whispers=whispers)) for clip in timeline.clips]
    kind, subtype = FORMATS[wanted]
    file = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 (its owner closes it)
    with soundfile.SoundFile(
        file, "w", samplerate=RATE, channels=1, format=kind, subtype=subtype
    ) as sound:
        for block in mixed(parts, start, end, voices):
            sound.write(block)
    file.seek(0)
    made = soundfile.info(file)
    return file, float(made.frames / made.samplerate)


def render_heard(stays: Stays, start: float, end: float, voices: Voices) -> bytes:
    """What one call heard, as the bytes of a wav file."""
    parts = [
        (clip, heard_parts(timeline, clip, member_id))
        for timeline, member_id in stays
        for clip in timeline.clips
    ]
    wav = io.BytesIO()
    with soundfile.SoundFile(
        wav, "w", samplerate=RATE, channels=1, format="WAV", subtype="PCM_16"
    ) as file:
        for block in mixed(parts, start, end, voices):
            file.write(block)
    return wav.getvalue()
