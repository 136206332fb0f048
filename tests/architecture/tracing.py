"""Which of our files a piece of work passes, in the order in which their functions are entered."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby, pairwise
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).parents[2]
ROOMS = tuple(f"{ROOT / room}/" for room in ("app", "workers"))


class Stations:
    """The files whose functions were entered, as paths below the repository."""

    def __init__(self) -> None:
        self._entered: list[str] = []

    def note(self, frame: FrameType, what: str, _: Any) -> None:
        """A profile function for `sys.setprofile`."""
        name = frame.f_code.co_filename
        if what == "call" and name.startswith(ROOMS):
            self._entered.append(str(Path(name).relative_to(ROOT)))

    def sequence(self) -> list[str]:
        """Every change of file, in order."""
        return [file for file, _ in groupby(self._entered)]

    def files(self) -> list[str]:
        """Each file once, by its first function."""
        return list(dict.fromkeys(self._entered))

    def steps(self) -> Counter[tuple[str, str]]:
        """How often work went on from one file to another."""
        return Counter(pairwise(self.sequence()))


@contextmanager
def traced(stations: Stations) -> Iterator[None]:
    """Note what this thread enters."""
    sys.setprofile(stations.note)
    try:
        yield
    finally:
        sys.setprofile(None)
