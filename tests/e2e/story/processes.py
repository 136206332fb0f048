"""`gavel up` and the sandbox as real processes, and what a test asks them."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.request import Request, urlopen

from bench.chaos.processes import command, living
from tests.waiting import PATIENCE, alive, until

ROOT = Path(__file__).parents[3]


def bare_environment(**settings: str) -> dict[str, str]:
    """What a login shell would give, and the settings; nothing of ours."""
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **settings}


class Process:
    """A program (our Python where none is named) whose output is collected line by line."""

    def __init__(
        self,
        arguments: list[str],
        environ: Mapping[str, str],
        folder: Path,
        program: str = sys.executable,
    ) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [program, *arguments],
            env=dict(environ),
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def until_said(self, text: str) -> None:
        until(lambda: text in self.output or not self._reader.is_alive(), repr(text))
        assert text in self.output, self.output

    def children(self) -> dict[int, str]:
        """Its direct children that live: process id and command line."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        pids = [int(word) for word in path.read_text().split()] if path.exists() else []
        return {pid: command(pid) for pid in pids if alive(pid) and command(pid)}

    def child(self, part: str) -> int:
        """The process id of the child whose command line has this part; waits for it."""
        until(lambda: any(part in words for words in self.children().values()), part)
        return next(pid for pid, words in self.children().items() if part in words)

    def stop(self, number: int = signal.SIGINT, *, hurry: bool = False) -> int:
        """Send the signal (in a hurry again and again), wait for the end; answers the exit code."""
        self.process.send_signal(number)
        while hurry and self.process.poll() is None:
            self.process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(0.1)
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self._reader.join(PATIENCE)
        if self.process.stdout:
            self.process.stdout.close()
        return code

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line)


def on_terminal(
    line: str, folder: Path, environ: Mapping[str, str], columns: int = 120, colours: bool = False
) -> str:
    """What a line of the shell prints on a terminal of so many columns, until it ends."""
    master, slave = pty.openpty()
    told = {"COLUMNS": str(columns), "TERM": "xterm", **({} if colours else {"NO_COLOR": "1"})}
    process = subprocess.Popen(
        ["bash", "-c", line],
        cwd=folder,
        env={**environ, **told},
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    said = bytearray()
    with suppress(OSError):  # EIO: nobody writes any more
        while part := os.read(master, 65536):
            said += part
    os.close(master)
    process.wait(PATIENCE)
    return said.decode(errors="replace").replace("\r\n", "\n")


def group(pid: int) -> set[int]:
    """All living processes of the session that this one leads."""
    return {one for one, fields in living() if fields[3] == str(pid)}


class Sandbox:
    """The control API of a running sandbox."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call_in(self, conference: str, **wanted: str) -> str:
        """Somebody calls in; answers the call's id."""
        call: str = self._ask("calls", {"conference": conference, **wanted})["call_uuid"]
        return call

    def hang_up(self, call: str) -> None:
        self._ask(f"calls/{call}/hangup", {})

    def press(self, call: str, digits: str) -> None:
        self._ask(f"calls/{call}/digits", {"digits": digits})

    def speak(self, call: str, seconds: float) -> None:
        """The caller says something for so long."""
        self._ask(f"calls/{call}/speak", {"seconds": seconds})

    def advance(self, seconds: float) -> None:
        """Its clock goes on by so much at once."""
        self._ask("clock", {"advance": seconds})

    def recordings(self, conference: str) -> list[str]:
        """The addresses of a conference's recordings."""
        found = self._ask("state")["recordings"]
        return [one["url"] for one in found if one["conference"] == conference]

    def asked(self, conference: str) -> list[dict[str, Any]]:
        """What was asked of the API about this conference and answered well, reads left out."""
        return [
            entry
            for entry in self._requests()
            if entry["conference"] == conference
            and entry["method"] != "GET"
            and 200 <= (entry["status"] or 0) < 300  # none yet: it is being answered
        ]

    def _requests(self) -> Iterator[dict[str, Any]]:
        """All that is in its log, which is answered page by page."""
        after = 0
        while page := self._ask(f"requests?after={after}")["requests"]:
            yield from page
            after = page[-1]["n"]

    def call(self, call: str) -> dict[str, Any]:
        """A call, also one that is over."""
        state = self._ask("state")
        return next(
            one for one in state["calls"] + state["ended_calls"] if one["call_uuid"] == call
        )

    def members(self, conference: str) -> list[dict[str, Any]]:
        """Who is in it as Plivo would have it, nobody when there is no such conference."""
        found = self._ask("state")["conferences"]
        return next((one["members"] for one in found if one["name"] == conference), [])

    def operations(self, conference: str) -> list[str]:
        return [entry["operation"] for entry in self.asked(conference)]

    def until_asked(self, conference: str, operation: str) -> None:
        until(lambda: operation in self.operations(conference), f"{operation} for {conference}")

    def _ask(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/sandbox/{path}", data, {"Content-Type": "application/json"})
        with urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)


def answers(url: str, needle: Callable[[int], bool] = lambda status: status == 200) -> bool:
    """Does this address answer with such a status?"""
    try:
        with urlopen(url, timeout=PATIENCE) as answer:
            return needle(answer.status)
    except OSError:
        return False


def shorter(rules: str, limit: str = "4s", warning: str = "2s") -> str:
    """The shipped rules with a time limit that a test can wait for."""
    rules, limits = re.subn(r"duration: \w+", f"duration: {limit}", rules)
    rules, warnings = re.subn(r"time_left: \w+", f"time_left: {warning}", rules)
    assert (limits, warnings) == (1, 1), "the shipped rules have one limit and one warning"
    return rules.replace("expires_in: 5s", "expires_in: 5m")  # late, but done


def disabled(rules: str) -> str:
    """The same rules, all of them switched off, and no limit; and one that shows life."""
    rules = re.sub(r"limits:\n(?:[ #].*\n|\n)*", "", rules)
    rules = re.sub(r"time_left: \w+", "elapsed: 1s", rules)
    rules = re.sub(r"(\n  - name: .*)", r"\1\n    enabled: false", rules)
    return rules + "\n  - name: Canary\n    when: member.entered\n    do: [deaf: member]\n"
