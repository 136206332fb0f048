"""From timelines to files. Everything here runs in a thread beside the sandbox's own."""

import io
from pathlib import Path

import soundfile

from sandbox.sound.mix import heard_parts, mixed, recorded_parts
from sandbox.sound.voices import Voices
from sandbox.studio import RATE
from sandbox.timeline import Timeline

FORMATS = {"mp3": ("MP3", "MPEG_LAYER_III"), "wav": ("WAV", "PCM_16")}


def render_recording(
    path: Path, timeline: Timeline, start: float, end: float, voices: Voices, *, whispers: bool
) -> float:
    """Write what a recording heard; the length of the file in seconds (an mp3 has whole frames)."""
    parts = [(clip, recorded_parts(timeline, clip, whispers=whispers)) for clip in timeline.clips]
    kind, subtype = FORMATS[path.suffix[1:]]
    with soundfile.SoundFile(
        path, "w", samplerate=RATE, channels=1, format=kind, subtype=subtype
    ) as file:
        for block in mixed(parts, start, end, voices):
            file.write(block)
    made = soundfile.info(path)
    return float(made.frames / made.samplerate)


def render_heard(
    timeline: Timeline, member_id: str, start: float, end: float, voices: Voices
) -> bytes:
    """What one member heard, as the bytes of a wav file."""
    parts = [(clip, heard_parts(timeline, clip, member_id)) for clip in timeline.clips]
    wav = io.BytesIO()
    with soundfile.SoundFile(
        wav, "w", samplerate=RATE, channels=1, format="WAV", subtype="PCM_16"
    ) as file:
        for block in mixed(parts, start, end, voices):
            file.write(block)
    return wav.getvalue()
