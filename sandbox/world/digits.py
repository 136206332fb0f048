"""Which of the digits that a member presses mean something (`digitsMatch`)."""

from dataclasses import dataclass

PATIENCE = 2.0
"""Seconds without a digit after which a shorter match is taken and the rest forgotten."""


@dataclass(slots=True)
class DigitMatcher:
    """Matches what is pressed against patterns; one that could grow into a longer one waits."""

    patterns: tuple[str, ...] = ()
    pressed: str = ""
    pending: str = ""

    @classmethod
    def of(cls, digits_match: str) -> "DigitMatcher":
        """From the attribute: a comma-separated list."""
        parts = {part.strip() for part in digits_match.split(",")} - {""}
        return cls(tuple(sorted(parts, key=len, reverse=True)))

    def press(self, digit: str) -> list[str]:
        """The patterns that are settled by this digit, mostly none or one."""
        settled: list[str] = []
        pressed = self._beginning(self.pressed + digit)
        if self.pending and len(pressed) <= len(self.pending):
            settled.append(self.pending)
            self.pending, pressed = "", self._beginning(digit)
        self.pressed = pressed
        complete = next((one for one in self.patterns if pressed.endswith(one)), "")
        if complete and not self._may_grow():
            settled.append(complete)
            self.pressed = self.pending = ""
        elif complete:
            self.pending = complete
        return settled

    def rest(self) -> list[str]:
        """What waited and is settled now that PATIENCE is over."""
        settled = [self.pending] if self.pending else []
        self.pressed = self.pending = ""
        return settled

    def _beginning(self, pressed: str) -> str:
        """The longest end of `pressed` with which a pattern begins."""
        ends = (pressed[start:] for start in range(len(pressed)))
        return next((end for end in ends if any(one.startswith(end) for one in self.patterns)), "")

    def _may_grow(self) -> bool:
        return any(
            one.startswith(self.pressed) and len(one) > len(self.pressed) for one in self.patterns
        )
