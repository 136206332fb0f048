"""What an examination finds, for `gavel doctor` and the log at the start."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: `level` is "ok", "warning" or "bad"; `text` says how to mend it unless ok."""

    level: str
    text: str


def good(text: str) -> Finding:
    return Finding("ok", text)


def doubtful(text: str) -> Finding:
    return Finding("warning", text)


def bad(text: str) -> Finding:
    return Finding("bad", text)


def how_many(number: int) -> str:
    """`1 rule`, `3 rules`."""
    return f"{number} rule" + ("" if number == 1 else "s")
