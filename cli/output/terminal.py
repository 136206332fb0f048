"""Writing on the terminal: safely, and without ever holding anybody up."""

import codecs
import json
import os
import shutil
import sys
from collections.abc import Callable
from functools import partial
from queue import Full, Queue
from threading import Thread
from typing import TextIO

from app.domain.redaction import safe as safe
from app.settings import environment

WAITING_LINES = 1000
CLOSE_SECONDS = 2.0
CODES = {"dim": "2", "bold": "1", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def safe_lines(text: str) -> str:
    """The same for a text of several lines."""
    return "".join(
        safe(line) + "\n" for line in text.split("\n")[: -1 if text[-1:] == "\n" else None]
    )


def as_json_line(value: object) -> str:
    """JSON on one line; with escapes where the standard output is not UTF-8."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    return json.dumps(value, ensure_ascii=codecs.lookup(encoding).name != "utf-8")


def forced_colour() -> bool | None:
    """What the environment says of colours, by no-color.org and force-color.org; None: nothing."""
    environ = environment()
    if environ.get("NO_COLOR"):
        return False
    return True if environ.get("FORCE_COLOR") else None


def coloured(stream: TextIO) -> bool:
    """Are colours wanted there? On a terminal, unless NO_COLOR; anywhere with FORCE_COLOR."""
    forced = forced_colour()
    return stream.isatty() if forced is None else forced


def columns(stream: TextIO) -> int | None:
    """How wide this terminal is; None where there is none."""
    return shutil.get_terminal_size().columns if stream.isatty() else None


def painter(stream: TextIO) -> Callable[[str, str], str]:
    """`paint(colour, text)`: coloured where `coloured` says so, else plain."""
    if not coloured(stream):
        return lambda _colour, text: text
    return lambda colour, text: f"\x1b[{CODES[colour]}m{text}\x1b[0m"


class Terminal:
    """Prints lines from a thread of its own.

    A terminal that is stopped (Ctrl-S) or a pipe that nobody reads blocks only that thread: what
    can not be shown in time is dropped, and the number of dropped lines is told later.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self.paint = painter(self._stream)
        self.width = partial(columns, self._stream)
        self._lines: Queue[str | None] = Queue(WAITING_LINES)
        self._dropped = 0
        self._thread = Thread(target=self._write, name="terminal", daemon=True)
        self._thread.start()

    def say(self, line: str = "") -> None:
        """Show one line soon. `line` is ours or went through `safe`."""
        try:
            if self._dropped:
                self._lines.put_nowait(f"({self._dropped} lines were not shown)")
                self._dropped = 0
            self._lines.put_nowait(line)
        except Full:
            self._dropped += 1

    def close(self) -> None:
        """Write what waits, as far as the terminal takes it within two seconds."""
        try:
            self._lines.put(None, timeout=CLOSE_SECONDS)
        except Full:
            return
        self._thread.join(CLOSE_SECONDS)

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                self._print(line)
                if self._lines.empty():
                    self._stream.flush()
            except OSError:  # the reader went away: from now on nobody listens
                self._write_to_nowhere()
        self._stream.flush()

    def _print(self, line: str) -> None:
        encoding = self._stream.encoding or "utf-8"
        plain = line.encode(encoding, "backslashreplace").decode(encoding)
        self._stream.write(plain + "\n")

    def _write_to_nowhere(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
