"""From a timeline to what was heard: by the recording, or by one member."""

from collections.abc import Iterator

import numpy as np

from sandbox.conferences.sound.voices import Samples, Voices
from sandbox.conferences.studio import RATE
from sandbox.world.timeline import Clip, Timeline

BLOCK_SECONDS = 10.0

Parts = list[tuple[float, float]]


def recorded_parts(timeline: Timeline, clip: Clip, *, whispers: bool) -> Parts:
    """When a recording hears this clip. Prompts to some count if `whispers`, while one hears."""
    if clip.audience is None:
        return list(timeline.spoken(clip))
    if not whispers:
        return []
    heard = [part for one in clip.audience for part in timeline.heard_by(one, clip.start, clip.end)]
    return _united(heard)


def heard_parts(timeline: Timeline, clip: Clip, member_id: str) -> Parts:
    """When this member hears this clip: not itself, nothing while deaf."""
    if clip.speaker == member_id or member_id not in (clip.audience or (member_id,)):
        return []
    return [
        part
        for start, end in timeline.spoken(clip)
        for part in timeline.heard_by(member_id, start, end)
    ]


def mixed(
    clips: list[tuple[Clip, Parts]], start: float, end: float, voices: Voices
) -> Iterator[Samples]:
    """The sum of the clips from `start` to `end`, in blocks; as long as that, to the sample."""
    total = max(round((end - start) * RATE), 1)
    step = int(BLOCK_SECONDS * RATE)
    for first in range(0, total, step):
        block = np.zeros(min(step, total - first), dtype=np.float32)
        begins = start + first / RATE
        for clip, parts in clips:
            for part in parts:
                if part[0] < begins + BLOCK_SECONDS and part[1] > begins:
                    _add(block, begins, clip, part, voices)
        yield np.clip(block, -1, 1)


def _add(
    block: Samples, begins: float, clip: Clip, part: tuple[float, float], voices: Voices
) -> None:
    """Add the samples of this part of the clip that fall into the block."""
    first = max(round((part[0] - begins) * RATE), 0)
    last = min(round((part[1] - begins) * RATE), len(block))
    offset = round((begins - clip.start) * RATE)
    first = max(first, -offset)
    if first < last:
        samples = voices.piece(clip.content, first + offset, last + offset)
        block[first : first + len(samples)] += samples


def _united(parts: Parts) -> Parts:
    """Overlapping parts as one: what two people hear at once sounds once."""
    united: Parts = []
    for start, end in sorted(parts):
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(united[-1][1], end))
        else:
            united.append((start, end))
    return united
