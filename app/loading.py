"""While a process loads its modules, Python looks for no garbage: all that is made then stays.

Nor is what takes long and nobody needs made then (`DEAR`).
"""

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

DEAR = "\u00a1-\uffff"
"""Letters of all the world, as marshmallow's pattern of a mail's domain has them. Compiling that
takes 23 ms of every start, and we have no field that is a mail's address."""

_compile = re.compile


@contextmanager
def loading() -> Iterator[None]:
    """Load in here. Python would go through all objects again and again as they become more, which
    takes an eighth of a start; what is loaded here it passes over from then on, too."""
    begin_loading()
    try:
        yield
    finally:
        loaded()


def begin_loading() -> None:
    """The same where begin and end are told apart: `loaded` ends it."""
    gc.disable()
    _replace(_compile_or_wait)


def loaded() -> None:
    """All is there that stays."""
    _replace(_compile)
    gc.freeze()
    gc.enable()


class Later:
    """A pattern that is compiled when it is first asked for something."""

    def __init__(self, pattern: str, flags: int) -> None:
        self._wanted = pattern, flags

    def __getattr__(self, name: str) -> Any:
        return getattr(_compile(*self._wanted), name)


def _compile_or_wait(pattern: Any, flags: int = 0) -> Any:
    if isinstance(pattern, str) and DEAR in pattern:
        return Later(pattern, flags)
    return _compile(pattern, flags)


def _replace(compile: Any) -> None:
    anything: Any = re
    anything.compile = compile
