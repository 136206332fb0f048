"""The log: one line a step, with ids, and nothing secret in it; and the places of traces.

`step(log, "accept", event=…, conference=…)` is how a step is said: the message is a fixed word or
sentence, all that varies is a field (tests/architecture/test_log_lines.py). What `bound` names is a
field of every line inside it, of libraries too. What is redacted, in every line, tracebacks
included: the configured secrets, signatures, bearer tokens, passwords in URLs,
and phone numbers but for their last four digits.

`span("decide", parent, event=…)` is a part of a trace where traces are on (`app.tracing`, which is
imported then alone), and nothing otherwise.
"""

import json
import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import TextIO

from app.domain.redaction import Redaction

PLAIN = re.compile(r"[\w./:@+#*,;=%\[\]~-]+")
_NONE: Mapping[str, object] = MappingProxyType({})
_BOUND: ContextVar[Mapping[str, object]] = ContextVar("fields of every line", default=_NONE)


class Span:
    """A part of a trace; this one is of none, for traces are off.

    `parent` is the `traceparent` of what it causes, "" for none; `trace` the id for the log.
    """

    __slots__ = ()
    parent: str = ""
    trace: str | None = None

    def end(self, **ids: object) -> None:
        """It is over; an exception that is under way is its error."""


_NO_SPAN = Span()
_begin: Callable[[str, str, Mapping[str, object]], Span] | None = None


def span(name: str, parent: str = "", /, **ids: object) -> Span:
    """Begin a part of the trace that `parent` (a `traceparent`) is of, "" for a new one. `ids` are
    ids and words of ours: names and numbers of people leave the house in no trace."""
    return _NO_SPAN if _begin is None else _begin(name, parent, ids)


def trace_with(begin: Callable[[str, str, Mapping[str, object]], Span] | None) -> None:
    """From now on spans are begun so; None: there are none."""
    global _begin
    _begin = begin


class LineFormatter(logging.Formatter):
    """`2026-01-05T10:00:00.123Z INFO receive: accept event=evt-… conference="my room"`"""

    def __init__(self, redact: Redaction) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        given = _fields_of(record).items()
        shown = (f"{key}={_quoted(self._redact(str(value)))}" for key, value in given)
        words = [record.getMessage(), *shown]
        body = self._redact(_one_line(" ".join(words) + self._trace(record)))
        return f"{_time(record)} {record.levelname} {record.name}: {body}"

    def _trace(self, record: logging.LogRecord) -> str:
        return "\n" + self.formatException(record.exc_info) if record.exc_info else ""


class JsonFormatter(LineFormatter):
    """The same as one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            key: value if isinstance(value, bool | int | float) else self._redact(str(value))
            for key, value in _fields_of(record).items()
        }
        line |= {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._redact(record.getMessage()),
        }
        if record.exc_info:
            line["trace"] = self._redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


class OncePer(logging.Filter):
    """Lets each message (of each `kind`) through once in `seconds`, whatever its other fields.
    Thread-safe."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.seconds = seconds
        self._clock = clock
        self._told: dict[object, float] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        now = self._clock()
        what = (record.msg, _fields_of(record).get("kind"))
        with self._lock:
            told = self._told.get(what)
            if told is not None and now - told < self.seconds:
                return False
            self._told[what] = now
            return True


class Thinned:
    """Lets so many through in a second and counts the others. Thread-safe."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = most, clock
        self._second, self._count = 0, 0
        self._lock = threading.Lock()

    def left_out(self) -> int | None:
        """How many were left out since the last one that was let through; None: leave this one
        out, too."""
        with self._lock:
            second = int(self._clock())
            if second != self._second:
                before, self._second, self._count = self._count, second, 0
                self._count = 1
                return max(0, before - self._most)
            self._count += 1
            return 0 if self._count <= self._most else None


def step(log: logging.Logger, word: str, /, *, level: int = logging.INFO, **ids: object) -> None:
    """Log one step of the path (receive, accept, decide, act, …) with the ids that belong to it;
    those that are None are left out."""
    if log.isEnabledFor(level):
        known = {name: value for name, value in ids.items() if value is not None}
        log.log(level, word, extra={"ids": known})


def fields(**ids: object) -> dict[str, object]:
    """The fields of a line that is not said by `step`: `log.exception("…", extra=fields(…))`."""
    return {"ids": ids}


@contextmanager
def bound(**ids: object) -> Iterator[None]:
    """These are fields of every line of this thread meanwhile."""
    before = _BOUND.set({**_BOUND.get(), **ids})
    try:
        yield
    finally:
        _BOUND.reset(before)


def start_logging(
    format: str, level: str, secrets: Iterable[str] = (), stream: TextIO | None = None
) -> None:
    """Set up the log of this process: everything to one stream (stderr), redacted."""
    redact = Redaction(secrets)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(redact) if format == "json" else LineFormatter(redact))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    logging.getLogger("urllib3").setLevel(logging.WARNING)


def _fields_of(record: logging.LogRecord) -> Mapping[str, object]:
    """Those of this line go before those that are bound."""
    ids: Mapping[str, object] = getattr(record, "ids", {})
    return {**around, **ids} if (around := _BOUND.get()) else ids


def _time(record: logging.LogRecord) -> str:
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03d}Z"


def _quoted(value: object) -> str:
    text = str(value)
    return text if PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _one_line(text: str) -> str:
    """Control characters as escapes: nobody who names a conference can forge a line."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
