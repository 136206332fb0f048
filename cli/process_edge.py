"""The edge of every command's process: no output, signal or error of ours ends in a traceback."""

import errno
import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

import click

from app.errors import GavelError

INTERRUPTED = 128 + signal.SIGINT
_CLOSED = errno.EPIPE
_NOT_WRITTEN = {errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG}


def run(command: Callable[[], object]) -> NoReturn:
    """Run a command and end the process with its exit code.

    Characters that the output can not show become escapes. An error of Gavel is a sentence, and so
    is a full disk; a closed pipe ends the command without a word. The exit code is 1 then, and 130
    after Ctrl-C, as shells have it. What `command` answers is the exit code if it is a number.
    """
    _prepare_output()
    code = _code_of(command)
    try:
        sys.stdout.flush()
    except OSError as error:
        code = _not_written(error)
    sys.exit(code)


def _prepare_output() -> None:
    """Standard output and error take every text, also where they are closed or narrow."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by who started us
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        else:
            stream.reconfigure(errors="backslashreplace")


def _code_of(command: Callable[[], object]) -> int | str | None:
    try:
        code = command()
    except SystemExit as ended:
        return ended.code
    except KeyboardInterrupt:
        return INTERRUPTED
    except click.Abort as error:  # Ctrl-C, or a question that was answered with no
        return (
            INTERRUPTED
            if isinstance(error.__cause__, KeyboardInterrupt)
            else _tell("nothing was done")
        )
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except GavelError as error:
        return _tell(str(error))
    except OSError as error:
        if error.errno not in _NOT_WRITTEN or error.filename is not None:
            raise
        return _not_written(error)
    return code if isinstance(code, int) else 0


def _not_written(error: OSError) -> int:
    """What is still to be written goes nowhere, so that the end of the process fails no more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    if error.errno == _CLOSED:
        return 1
    return _tell(f"the output could not be written: {error.strerror}")


def _tell(sentence: str) -> int:
    try:
        sys.stderr.write(f"gavel: {sentence}\n")
        sys.stderr.flush()
    except OSError:  # nobody can be told
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    return 1
