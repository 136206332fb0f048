"""From a content to samples: tones, keys, beeps, spoken words, files. 8 kHz, mono, float32."""

import io

import numpy as np
import numpy.typing as npt
import soundfile

from sandbox.conferences.sound.speech import read_aloud
from sandbox.conferences.studio import RATE
from sandbox.world.timeline import Beeps, Content, File, Key, Tone, Words

Samples = npt.NDArray[np.float32]

LOUDNESS = 0.2
MARKER_HERTZ = 1_000.0
"""The tone that stands for spoken words where no synthesizer is installed."""
BEEP_HERTZ = 1_400.0
MAX_SECONDS = 600

_LOW = {"123A": 697.0, "456B": 770.0, "789C": 852.0, "*0#D": 941.0}
_HIGH = {"147*": 1209.0, "2580": 1336.0, "369#": 1477.0, "ABCD": 1633.0}


class Voices:
    """Samples by content. `files` holds what was fetched, by URL."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = files
        self._decoded: dict[Content, Samples | None] = {}

    def seconds(self, content: Content) -> float | None:
        """How long a file or spoken words are, None when they cannot be heard."""
        samples = self._decode(content)
        return None if samples is None else len(samples) / RATE

    def piece(self, content: Content, first: int, last: int) -> Samples:
        """Samples `first` to `last` of it; shorter where it ends before."""
        instants = np.arange(first, last) / RATE
        if isinstance(content, Tone):
            return _tone(content.hertz, instants)
        if isinstance(content, Key):
            digit = content.digit.upper()
            pair = [hertz for keys, hertz in (_LOW | _HIGH).items() if digit in keys]
            return (_tone(pair[0], instants) + _tone(pair[1], instants)) / np.float32(2)
        if isinstance(content, Beeps):
            return _tone(BEEP_HERTZ, instants) * (instants % 0.3 < 0.2)
        samples = self._decode(content)
        if samples is not None:
            return samples[first:last]
        return _tone(MARKER_HERTZ if isinstance(content, Words) else 0.0, instants)

    def _decode(self, content: Content) -> Samples | None:
        if content not in self._decoded:
            file = b""
            if isinstance(content, File):
                file = self._files.get(content.url, b"")
            elif isinstance(content, Words):
                file = read_aloud(content)
            self._decoded[content] = decode(file)
        return self._decoded[content]


def decode(file: bytes) -> Samples | None:
    """A wav, mp3, flac or ogg file as samples of ours, at most ten minutes; None if it is none."""
    try:
        with soundfile.SoundFile(io.BytesIO(file)) as sound:
            frames = sound.read(sound.samplerate * MAX_SECONDS, dtype="float32", always_2d=True)
            return _resampled(frames.mean(axis=1), sound.samplerate)
    except soundfile.LibsndfileError:
        return None


def _resampled(samples: Samples, rate: int) -> Samples:
    """To 8 kHz by the spectrum: what lies above 4 kHz is cut, not folded."""
    if rate == RATE or not len(samples):
        return samples
    count = round(len(samples) * RATE / rate)
    spectrum = np.fft.rfft(samples)
    wanted = np.zeros(count // 2 + 1, dtype=complex)
    shared = min(len(wanted), len(spectrum))
    wanted[:shared] = spectrum[:shared]
    return (np.fft.irfft(wanted, count) * (count / len(samples))).astype(np.float32)


def _tone(hertz: float, instants: npt.NDArray[np.float64]) -> Samples:
    return (LOUDNESS * np.sin(2 * np.pi * hertz * instants)).astype(np.float32)
