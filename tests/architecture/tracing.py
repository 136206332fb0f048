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
    """The files whose functions were entered, as paths below the repository, up to the file `last`
    and no further."""

    def __init__(self, last: str) -> None:
        self._last = last
        self._entered: list[str] = []

    def note(self, frame: FrameType, what: str, _: Any) -> None:
        """A profile function for `sys.setprofile`."""
        name = frame.f_code.co_filename
        if what == "call" and name.startswith(ROOMS) and self._last not in self._entered[-1:]:
            self._entered.append(str(Path(name).relative_to(ROOT)))

    def files(self) -> list[str]:
        """Each file once, by its first function."""
        return list(dict.fromkeys(self._entered))

    def steps(self) -> Counter[tuple[str, str]]:
        """How often work went on from one file to another."""
        return Counter(pairwise(file for file, _ in groupby(self._entered)))


@contextmanager
def traced(stations: Stations) -> Iterator[None]:
    """Note what this thread enters."""
    sys.setprofile(stations.note)
    try:
        yield
    finally:
        sys.setprofile(None)
