"""The rules file as it changes: what each new content of it is as rules, or why it is none."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from app.yaml.changing import ChangingFile, Content
from app.yaml.document import decode
from app.yaml.problems import FileError, Problem
from workers.rules.engine.index import Rules
from workers.rules.load import load


@dataclass(frozen=True, slots=True)
class Loaded:
    """The file changed and is good. `text` is what it says."""

    rules: Rules
    text: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The file changed and cannot be used, or it is gone. What was loaded before should stay."""

    problems: tuple[Problem, ...]


class RulesFile:
    """One file of rules. Not for several threads at once."""

    def __init__(
        self,
        path: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._path = path
        self._file = ChangingFile(path, clock=clock, pause=pause)

    def poll(self) -> Loaded | Broken | None:
        """What the file became since the last answer; None when it is as it was, or has not been
        as it is for long enough: ask twice a second. The first answer is never None, and takes
        0.1 s."""
        content = self._file.poll()
        return None if content is None else self._loaded(content)

    def _loaded(self, content: Content) -> Loaded | Broken:
        if content.failure:
            message = f"the rules file {content.failure}"
            return Broken((Problem(self._path, 1, 1, "error", message),))
        try:
            text = decode(content.data, self._path)
            return Loaded(load(text, self._path), text)
        except FileError as error:
            return Broken(error.problems)
