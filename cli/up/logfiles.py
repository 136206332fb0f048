"""The log files of the children: bounded, and their important lines picked out.

Children write straight into their files, so that neither a slow terminal nor a stopped supervisor
ever holds one up. The supervisor only reads, and cuts a file that became too long.
"""

import re
import shutil
from pathlib import Path

LONGEST = 5 * 1024 * 1024
MOST_AT_ONCE = 256 * 1024
IMPORTANT = re.compile(r'(^|[\s\[])(WARNING|ERROR|CRITICAL)\b|"level": ?"(warning|error|critical)"')

TOLD_ELSEWHERE = "rules broken, the last good ones stay"
"""The story says this with every problem, once; the log of every worker says it, too."""


class LogFile:
    """Follows one file from its present end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self._read = path.stat().st_size

    def new_lines(self) -> list[str]:
        """Complete lines that were written since the last look; the newest of a flood."""
        size = self.path.stat().st_size
        if size == self._read:
            return []
        start = max(min(self._read, size), size - MOST_AT_ONCE)
        with self.path.open("rb") as file:
            file.seek(start)
            found = file.read(size - start)
        whole = found[: found.rfind(b"\n") + 1]
        self._read = start + len(whole)
        return whole.decode("utf-8", "replace").splitlines()

    def important_lines(self) -> list[str]:
        """Those of the new lines that a person should see, but for what the story tells."""
        found = [line for line in self.new_lines() if IMPORTANT.search(line)]
        return [line for line in found if TOLD_ELSEWHERE not in line]

    def last_words(self, since: int = 0, count: int = 5) -> list[str]:
        """The last lines that hold anything, for when their process died; `since` is where its
        log began."""
        size = self.path.stat().st_size
        with self.path.open("rb") as file:
            file.seek(max(since if since <= size else 0, size - 16 * 1024))
            lines = file.read().decode("utf-8", "replace").splitlines()
        return [line for line in lines if line.strip()][-count:]

    def keep_short(self) -> None:
        """Above 5 MiB: keep a copy as `NAME.1` and begin anew.

        The writers append (O_APPEND), so they go on at the new beginning. Lines that are written
        between the copy and the cut are lost.
        """
        if self.path.stat().st_size <= LONGEST:
            return
        shutil.copyfile(self.path, self.path.with_name(self.path.name + ".1"))
        with self.path.open("r+b") as file:
            file.truncate(0)
        self._read = 0
