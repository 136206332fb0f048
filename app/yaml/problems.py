"""What is wrong with a file of YAML: `Problem`, and `FileError`, which carries all of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

MAX_PROBLEMS = 200


class Located(Protocol):
    """Anything that knows where in the file it stands; both count from 1."""

    @property
    def line(self) -> int: ...

    @property
    def column(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a file; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding of the checker. `str()` is the line that `gavel check` prints."""

    path: str
    line: int
    column: int
    level: str  # "error" | "warning" | "note"
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.level}: {self.message}"


class FileError(Exception):
    """The file cannot be used: mend each line below, then run `gavel check`.

    `problems` has everything that was found, warnings too, in the order of the file.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Report:
    """Collects what the stages of the checker find in one file. One error more than a
    person reads raises `FileError` at once; warnings beyond that are counted."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._found: dict[Problem, None] = {}
        self._hidden: dict[int, list[tuple[int, int]]] = {}
        self._unsaid = 0
        self._beyond: set[Problem] = set()

    def hide(self, spans: Iterable[tuple[int, int, int]]) -> None:
        """From now on nothing is said of these spans (line, first and last column): they have been
        told, and what stands there is not what was written."""
        for line, first, last in spans:
            self._hidden.setdefault(line, []).append((first, last))

    def take(self, other: "Report") -> None:
        """What another report of the same file found."""
        for problem in other.problems:
            self._add(problem, problem.level, problem.message)

    def error(self, where: Located, message: str) -> None:
        self._add(where, "error", message)

    def warning(self, where: Located, message: str) -> None:
        self._add(where, "warning", message)

    def _add(self, where: Located, level: str, message: str) -> None:
        spans = self._hidden.get(where.line, ())
        if any(first <= where.column <= last for first, last in spans):
            self._unsaid += level == "error"
            return
        problem = Problem(self.path, where.line, where.column, level, message)
        if len(self._found) < MAX_PROBLEMS:
            self._found[problem] = None
        elif level == "warning" and problem not in self._found:
            self._beyond.add(problem)
        elif level == "error":
            more = Problem(self.path, where.line, where.column, level, f"{message}; and so on")
            raise FileError((*self.problems, more))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Each once, in the order of the file; then how many warnings there are more."""
        found = sorted(self._found, key=lambda found: (found.line, found.column))
        if self._beyond and found:
            message = f"and {len(self._beyond)} more; mend these first"
            last = max(self._beyond, key=lambda beyond: (beyond.line, beyond.column))
            line = max(last.line, found[-1].line)
            found.append(Problem(self.path, line, 1, "warning", message))
        return tuple(found)

    @property
    def errors(self) -> int:
        """How many errors there are so far, with those that are not said."""
        return sum(problem.level == "error" for problem in self._found) + self._unsaid

    def raise_errors(self) -> None:
        """Raises `FileError` with everything found so far if any of it is an error."""
        if self.errors:
            raise FileError(self.problems)
