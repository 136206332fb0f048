"""While a process loads its modules, Python looks for no garbage: all that is made then stays."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


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


def loaded() -> None:
    """All is there that stays."""
    gc.freeze()
    gc.enable()
