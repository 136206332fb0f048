"""Somebody follows docs/tutorial.md word for word, and sees what it prints."""

import json
import re
import shlex
import signal
import sys
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from bench.chaos.processes import free_port
from cli.commands.init import SCHEMA_LINE
from cli.shipped_files import recipe
from tests.e2e.story.processes import Process, bare_environment, on_terminal
from tests.e2e.tutorial.page import (
    TUTORIAL,
    CalledIn,
    Pressed,
    Step,
    Told,
    Typed,
    Written,
    changed,
    normal,
    steps,
)
from tests.waiting import PATIENCE, until

STEPS = list(steps(TUTORIAL.read_text(encoding="utf-8")))
UP = "gavel up"


class Forms(HTMLParser):
    """The forms of a page: where each goes, its button, and its fields by their labels."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []
        self.buttons: list[str] = []
        self.names: list[dict[str, str]] = []
        self.values: list[dict[str, str]] = []
        self._label = self._for = self._in = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(given)
            self.buttons.append("")
            self.names.append({})
            self.values.append({})
        elif tag == "label":
            self._for, self._label = given.get("for", ""), ""
        elif tag == "input" and self.forms and "name" in given:
            label = self._label if given.get("id") == self._for else given.get("aria-label", "")
            self.names[-1][label] = given["name"]
            self.values[-1][given["name"]] = given.get("value", "")
        self._in = tag

    def handle_data(self, data: str) -> None:
        if self._in == "label":
            self._label += data.strip()
        elif self._in == "button" and self.forms:
            self.buttons[-1] += data.strip()

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def submitted(self, button: str, action: str, fields: Mapping[str, str]) -> tuple[str, str]:
        """Where the form with this button goes, and its body: `fields` by label or by name."""
        for form, words, names, values in zip(
            self.forms, self.buttons, self.names, self.values, strict=True
        ):
            if words == button and action in form["action"]:
                given = {names.get(label, label): value for label, value in fields.items()}
                assert given.keys() <= values.keys(), (given, values)
                return form["action"], urlencode(values | given)
        raise AssertionError(f"no form with {button} to {action}")


class Reader:
    """Does what a step says, in a folder of their own with two terminals and a browser."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {"8000": str(free_port()), "8001": str(free_port())}
        self.environ = bare_environment(
            PORT=self.ports["8000"], SANDBOX_PORT=self.ports["8001"], TZ="UTC"
        )
        tools = folder.parent / "bin"
        tools.mkdir()
        (tools / "gavel").write_text(f'#!/bin/sh\nexec {sys.executable} -m cli "$@"\n')
        (tools / "gavel").chmod(0o755)
        self.environ["PATH"] = f"{tools}:{self.environ['PATH']}"
        self.up: Process | None = None
        self.read = 0

    def follow(self, step: Step) -> None:
        if isinstance(step, Typed):
            self._type(step)
        elif isinstance(step, Told):
            self._wait_for(step.lines)
        elif isinstance(step, Written):
            self._write(step)
        elif isinstance(step, CalledIn):
            self._submit("Call in", "/sandbox/calls", dict(step.fields))
        else:
            call = f"/sandbox/calls/{self._call_of(step.caller)}/digits"
            self._submit("Press", call, {"digits": step.digits})

    def _type(self, step: Typed) -> None:
        if step.command == UP:
            self.up = Process(["-m", "cli", "up"], self.environ, self.folder)
            self._wait_for(step.printed)
            return
        printed = tuple(normal(line) for line in step.printed)
        command = self._with_ports(step.command)
        said = on_terminal(command, self.folder, self.environ)
        lines = [normal(self._as_on_the_page(line)) for line in said.splitlines()]
        assert matches(printed, tuple(lines)), said

    def _wait_for(self, lines: tuple[str, ...]) -> None:
        """They are said, in this order; other lines may stand between them."""
        for line in lines:
            if line.strip() and line != "…":
                wanted = normal(line)
                until(lambda wanted=wanted: self._said(wanted), lambda w=wanted: self._missing(w))

    def _said(self, wanted: str) -> bool:
        assert self.up
        lines = self.up.lines
        while self.read < len(lines):
            line = normal(self._as_on_the_page(lines[self.read]))
            self.read += 1
            if line == wanted:
                return True
        return False

    def _missing(self, wanted: str) -> str:
        assert self.up
        return f"{wanted}\nin:\n{self.up.output}"

    def _write(self, step: Written) -> None:
        path = self.folder / step.file
        before = path.read_text(encoding="utf-8")
        texts = {
            "Change in": lambda: changed(before, step.text),
            "Add to": lambda: before + "\n" + step.text,
            "Replace": lambda: step.text,
        }
        path.write_text(texts[step.how](), encoding="utf-8")

    def _submit(self, button: str, action: str, fields: Mapping[str, str]) -> None:
        sandbox = f"http://127.0.0.1:{self.ports['8001']}"
        with urlopen(sandbox, timeout=PATIENCE) as page:
            path, body = Forms(page.read().decode()).submitted(button, action, fields)
        request = Request(sandbox + path, body.encode(), {"Accept": "text/html"})
        with urlopen(request, timeout=PATIENCE) as page:
            assert page.status == 200

    def _call_of(self, caller: str) -> str:
        """The id of the call of this name, once it is a member."""
        found: list[str] = []

        def there() -> bool:
            url = f"http://127.0.0.1:{self.ports['8001']}/sandbox/state"
            with urlopen(url, timeout=PATIENCE) as answer:
                rooms = json.load(answer)["conferences"]
            members = [member for room in rooms for member in room["members"]]
            found[:] = [one["call_uuid"] for one in members if one["caller_name"] == caller]
            return bool(found)

        until(there, f"{caller} in a conference")
        return found[0]

    def _with_ports(self, text: str) -> str:
        return re.sub(r"\b(8000|8001)\b", lambda port: self.ports[port[0]], text)

    def _as_on_the_page(self, text: str) -> str:
        for shown, real in self.ports.items():
            text = text.replace(f":{real}", f":{shown}")
        return text


def matches(wanted: tuple[str, ...], lines: tuple[str, ...]) -> bool:
    """The same lines, where `…` stands for any number of them; empty ones do not count."""
    wanted = tuple(line for line in wanted if line)
    lines = tuple(line for line in lines if line)
    if not wanted or not lines:
        return wanted in {(), ("…",)} and (wanted == ("…",) or not lines)
    if wanted[0] == "…":
        return matches(wanted[1:], lines) or matches(wanted, lines[1:])
    return wanted[0] == lines[0] and matches(wanted[1:], lines[1:])


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    folder = tmp_path / "townhall"
    folder.mkdir()
    somebody = Reader(folder)
    yield somebody
    if somebody.up:
        somebody.up.stop(signal.SIGTERM, hurry=True)


def test_every_step_does_and_prints_what_the_page_says(reader: Reader) -> None:
    for step in STEPS:
        reader.follow(step)


def test_the_page_has_steps_of_every_kind() -> None:
    kinds = [type(step) for step in STEPS]
    assert {kind: kinds.count(kind) > 0 for kind in (Typed, Told, Written, CalledIn, Pressed)}
    assert kinds.count(Written) >= 6
    commands = [shlex.split(step.command)[1] for step in STEPS if isinstance(step, Typed)]
    assert {"init", "up", "check", "why", "test"} <= set(commands)


def test_its_town_hall_is_the_recipe() -> None:
    rules, tests = (
        step.text for step in STEPS if isinstance(step, Written) and step.how == "Replace"
    )
    shipped = recipe("town-hall")
    assert (rules, tests) == (SCHEMA_LINE + shipped.rules, shipped.tests)


@pytest.mark.parametrize(
    ("wanted", "lines", "same"),
    [
        (("a", "b"), ("a", "b"), True),
        (("a",), ("a", "b"), False),
        (("a", "b"), ("a",), False),
        (("a", "…"), ("a", "b", "c"), True),
        (("…", "c"), ("a", "b", "c"), True),
        (("…", "b"), ("a", "c"), False),
        (("", "a"), ("a", ""), True),
        ((), (), True),
    ],
)
def test_lines_are_compared_with_gaps(
    wanted: tuple[str, ...], lines: tuple[str, ...], same: bool
) -> None:
    assert matches(wanted, lines) is same
