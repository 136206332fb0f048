"""`gavel …` as a process of its own that has its libraries before it begins.

Most of a command's start is its libraries'. Here one process imports them, once, and forks for
each command. Of Gavel itself nothing is imported there: a command loads what it needs of it as it
does for a user. What a user's whole start does (`python -m cli`) is seen by the tutorial, by
tests/cli/test_process_edge.py and by everything that starts `gavel up`.
"""

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from tests.waiting import PATIENCE

LIBRARIES = [
    "click",
    "cronsim",
    "jinja2.sandbox",
    "marshmallow",
    "prometheus_client",
    "re2",
    "redis",
    "rich.console",
    "rich.table",
    "rq",
    "urllib3",
    "yaml",
]
Where = Literal["a file", "a full disk", "a closed pipe"]
_forks = get_context("forkserver")
_forks.set_forkserver_preload(LIBRARIES)


@dataclass(frozen=True)
class Done:
    """What a command ended with, and all that it said."""

    code: int
    output: str
    error: str


def run_gavel(
    *arguments: str, environ: Mapping[str, str], folder: Path, output_is: Where = "a file"
) -> Done:
    """Run it there to its end, with nothing to read and no other environment. Only what is written
    to a file can be read afterwards."""
    with TemporaryDirectory() as said:
        output, error = Path(said, "output"), Path(said, "error")
        process = _forks.Process(
            target=_become, args=(arguments, dict(environ), folder, output, error, output_is)
        )
        process.start()
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
            process.join()
        code = process.exitcode
        process.close()
        assert code is not None
        return Done(code, _text(output, _encoding(environ)), _text(error))


def _encoding(environ: Mapping[str, str]) -> str:
    """Of its output. Python itself has looked for that long before a fork begins."""
    return environ.get("PYTHONIOENCODING", "utf-8")


def _text(path: Path, encoding: str = "utf-8") -> str:
    """What is not in that encoding is shown as U+FFFD."""
    return path.read_text(encoding, errors="replace") if path.exists() else ""


def _become(
    arguments: tuple[str, ...],
    environ: Mapping[str, str],
    folder: Path,
    output: Path,
    error: Path,
    output_is: Where,
) -> None:
    """Make of this fork what a shell would have started."""
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    os.chdir(folder)
    output = Path("/dev/full") if output_is == "a full disk" else output
    for number, path, mode in ((0, Path(os.devnull), "r"), (1, output, "w"), (2, error, "w")):
        with path.open(mode) as file:
            os.dup2(file.fileno(), number)
    if output_is == "a closed pipe":
        reader, writer = os.pipe()
        os.dup2(writer, 1)
        os.close(reader)
        os.close(writer)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding=_encoding(environ), closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
    sys.argv = ["gavel", *arguments]
    from cli.__main__ import main

    main()
