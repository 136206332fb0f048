"""No garbage is looked for while a process loads, and it is again when all is there."""

import subprocess
import sys

LOOK = """
import gc
from app.loading import loading
try:
    with loading():
        print(gc.isenabled(), gc.get_freeze_count() > 0)
        {within}
finally:
    print(gc.isenabled(), gc.get_freeze_count() > 0)
"""


def seen(within: str) -> list[str]:
    """While it loads, and after: is garbage looked for, and is anything passed over?"""
    command = [sys.executable, "-c", LOOK.format(within=within)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


def test_garbage_is_looked_for_only_when_all_is_loaded_and_that_is_passed_over() -> None:
    assert seen("import json") == ["False False", "True True"]


def test_what_fails_to_load_leaves_it_as_it_was() -> None:
    assert seen("import nothing_of_that_name") == ["False False", "True True"]
