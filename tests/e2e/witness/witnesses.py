"""Which tests drive what of the catalogue to the far side."""

from collections.abc import Callable
from typing import TypeVar

DRIVEN: dict[str, str] = {}
"""Name in the catalogue -> the test that drives it."""

Test = TypeVar("Test", bound=Callable[..., object])


def drives(*names: str) -> Callable[[Test], Test]:
    """This test makes real processes do it, and looks at the far side for what came of it: the
    sandbox's state and log, a receiver's request, what a process prints or answers."""

    def note(test: Test) -> Test:
        DRIVEN.update(dict.fromkeys(names, f"{test.__module__}.{test.__name__}"))
        return test

    return note
