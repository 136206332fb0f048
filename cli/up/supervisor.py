"""Keeping the processes of `gavel up` alive: what dies is started again, in order it all stops."""

import os
import re
import select
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from app.domain.durations import format_duration
from cli.output.terminal import Terminal, safe
from cli.up.logfiles import LogFile
from cli.up.supervised_process import Child

LOOK_SECONDS = 0.5
LAST_SHOWN = 20
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """Somebody asked for the end (Ctrl-C, SIGTERM) while something was waited for."""


class Supervisor:
    """Runs in the main thread: the kernel takes its end for the end of the supervisor."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._children: list[Child] = []
        self._logs: dict[str, LogFile] = {}
        self._told: dict[str, list[str]] = {}
        self._shown: dict[str, list[str]] = {}
        self._stop_asked = 0
        self._looked = 0.0
        self._wakeup, self._wake = os.pipe()
        for descriptor in (self._wakeup, self._wake):
            os.set_blocking(descriptor, False)

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Ctrl-C, SIGTERM and a closed terminal stop us; a child's end wakes us.

        A signal that was ignored when we were started (`nohup`, a job in the background) stays so.
        """
        heard = [one for one in STOP_SIGNALS if signal.getsignal(one) is not signal.SIG_IGN]
        numbers = (*heard, signal.SIGCHLD)
        before = [signal.signal(number, self._on_signal) for number in numbers]
        wakeup = signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)

    def add(self, child: Child) -> None:
        """Start a child and look after it from now on. Raises OSError: no such program."""
        self._logs[child.name] = LogFile(child.log)
        self._told[child.name], self._shown[child.name] = [], []
        child.start()
        self._children.append(child)

    def wait_until(self, holds: Callable[[], bool], told: str = "") -> None:
        """Look after everything until `holds()`; after two seconds `told` says what is missing.

        Raises Stopped when the end is asked for before.
        """
        tell_at = time.monotonic() + 2.0
        while not holds():
            if self._stop_asked:
                raise Stopped
            self.look()
            if told and time.monotonic() > tell_at:
                self._terminal.say(told)
                told = ""
            self._sleep(0.02)

    def run(self) -> None:
        """Look after everything until the end is asked for."""
        while not self._stop_asked:
            self.look()
            self._sleep(self._next_look())

    def look(self) -> None:
        """Start again what died and is due; show what the logs say."""
        for child in self._children:
            if child.process is None:
                self._start_when_due(child)
            elif (death := child.death()) is not None:
                self._tell_death(child, death)
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            self._looked = time.monotonic()
            self.look_at_logs()

    def look_at_logs(self) -> None:
        """Show what the logs say that a person should see."""
        for child in self._children:
            log = self._logs[child.name]
            for line in log.important_lines() if child.show_warnings else ():
                self._shown[child.name] = [*self._shown[child.name], line][-LAST_SHOWN:]
                if child.is_young and _untimed(line) in self._told[child.name]:
                    continue  # it said so before it died, too
                text = f"  {child.name}: {safe(line)}"
                self._terminal.say(self._terminal.paint("yellow", text))
            log.keep_short()

    def stop(self, order: Sequence[str]) -> None:
        """Stop the children in this order of name beginnings, then the rest.

        Asked a second time (a second Ctrl-C), it does not wait for anybody.
        """
        asked = self._stop_asked
        for child in sorted(self._children, key=lambda child: _rank(child.name, order)):
            child.stop(hurry=lambda: self._stop_asked > max(asked, 1))
        self._children.clear()

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if number in STOP_SIGNALS:
            self._stop_asked += 1

    def _start_when_due(self, child: Child) -> None:
        if time.monotonic() >= child.due:
            child.start()
            self._terminal.say(self._terminal.paint("yellow", f"  {child.name} is started again"))

    def _tell_death(self, child: Child, death: str) -> None:
        log = self._logs[child.name]
        words = [] if death.startswith("killed") else log.last_words(child.log_began)
        log.new_lines()  # what is shown here need not be shown again as important
        told, self._told[child.name] = self._told[child.name], [_untimed(line) for line in words]
        shown, self._shown[child.name] = self._shown[child.name], []
        wait = max(0.0, child.due - time.monotonic())
        again = " as before" if words and self._told[child.name] == told else ""
        soon = format_duration(round(wait, 1))
        text = f"  {child.name} died{again} ({death}); it is started again in {soon}"
        self._terminal.say(self._terminal.paint("yellow", text))
        if not again:
            for line in (one for one in words if one not in shown):
                self._terminal.say(self._terminal.paint("dim", f"    {child.name}: {safe(line)}"))

    def _next_look(self) -> float:
        dues = [child.due for child in self._children if child.process is None]
        return max(0.0, min([LOOK_SECONDS, *(due - time.monotonic() for due in dues)]))

    def _sleep(self, seconds: float) -> None:
        """Until a signal comes, at most so long."""
        if select.select([self._wakeup], [], [], seconds)[0]:
            os.read(self._wakeup, 4096)


def _untimed(line: str) -> str:
    """A line of a log without the time at which it was said."""
    return _TIME.sub("", line)


def _rank(name: str, order: Sequence[str]) -> int:
    return next((place for place, head in enumerate(order) if name.startswith(head)), len(order))
