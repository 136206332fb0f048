"""What could be heard in a conference, and by whom: written while it lives, mixed later."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Tone:
    """A steady tone, in Hz: the voice of a member who has no better one."""

    hertz: float


@dataclass(frozen=True, slots=True)
class Words:
    """A text that is read aloud."""

    text: str
    language: str = "en-US"
    voice: str = "WOMAN"


@dataclass(frozen=True, slots=True)
class File:
    """A sound file at a URL."""

    url: str


@dataclass(frozen=True, slots=True)
class Beeps:
    """`beep:1`, `beep:2`."""

    count: int


@dataclass(frozen=True, slots=True)
class Key:
    """The two tones of a pressed key."""

    digit: str


Content = Tone | Words | File | Beeps | Key


@dataclass(slots=True, eq=False)
class Clip:
    """A sound from `start` to `end`. `speaker` is a member's id, "" for a prompt; `audience` are
    the members who hear it, None for everybody.
    """

    start: float
    end: float
    content: Content
    speaker: str = ""
    audience: tuple[str, ...] | None = None


@dataclass(slots=True)
class Gate:
    """What a member may from an instant on."""

    since: float
    speaks: bool
    hears: bool


@dataclass(slots=True)
class Timeline:
    """The clips of one conference, and when its members could speak and hear."""

    clips: list[Clip] = field(default_factory=list)
    gates: dict[str, list[Gate]] = field(default_factory=dict)

    def set_gate(self, member_id: str, now: float, *, speaks: bool, hears: bool) -> None:
        self.gates.setdefault(member_id, []).append(Gate(now, speaks, hears))

    def spoken(self, clip: Clip) -> Iterator[tuple[float, float]]:
        """The parts of a clip that its speaker was not muted in."""
        if not clip.speaker:
            yield clip.start, clip.end
            return
        for gate, until in self._gates(clip.speaker):
            if gate.speaks:
                yield from _overlap(gate.since, until, clip.start, clip.end)

    def heard_by(self, member_id: str, start: float, end: float) -> Iterator[tuple[float, float]]:
        """The parts of this time in which this member could hear."""
        for gate, until in self._gates(member_id):
            if gate.hears:
                yield from _overlap(gate.since, until, start, end)

    def _gates(self, member_id: str) -> Iterator[tuple[Gate, float]]:
        gates = self.gates.get(member_id, [])
        for number, gate in enumerate(gates):
            yield gate, gates[number + 1].since if number + 1 < len(gates) else math.inf


def _overlap(a: float, b: float, c: float, d: float) -> Iterator[tuple[float, float]]:
    start, end = max(a, c), min(b, d)
    if start < end:
        yield start, end
