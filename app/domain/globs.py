"""Globs: `*` is any text, `?` any one character, everything else itself."""

import fnmatch
import re
from collections.abc import Callable, Iterable
from functools import lru_cache


@lru_cache(maxsize=4096)
def glob_matcher(glob: str) -> Callable[[str], bool]:
    """Case counts. Takes time bounded by the product of both lengths."""
    if not is_glob(glob):
        return str(glob).__eq__
    if glob.endswith("*") and not is_glob(glob[:-1]):
        start = str(glob[:-1])
        return lambda text: text.startswith(start)
    matched = re.compile(fnmatch.translate(glob.replace("[", "[[]"))).match
    return lambda text: matched(text) is not None


def is_glob(text: str) -> bool:
    return "*" in text or "?" in text


def any_matches(globs: Iterable[str], text: str) -> bool:
    return any(glob_matcher(glob)(text) for glob in globs)


def may_overlap(left: str, right: str) -> bool:
    """Whether some text could match both globs (true when in doubt)."""
    if not is_glob(left):
        return glob_matcher(right)(left)
    if not is_glob(right):
        return glob_matcher(left)(right)
    start = re.compile(r"[^*?]*")
    one, two = _match(start, left), _match(start, right)
    if not (one.startswith(two) or two.startswith(one)):
        return False
    one, two = _match(start, left[::-1]), _match(start, right[::-1])
    return one.startswith(two) or two.startswith(one)


def _match(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.match(text)
    return found.group() if found else ""


def covers(wide: str, narrow: str) -> bool:
    """Whether every text that matches `narrow` matches `wide` (false when in doubt)."""
    if wide == "*" or wide == narrow:
        return True
    if not is_glob(narrow):
        return glob_matcher(wide)(narrow)
    if wide.endswith("*") and not is_glob(wide[:-1]):
        return narrow.startswith(wide[:-1])
    if wide.startswith("*") and not is_glob(wide[1:]):
        return narrow.endswith(wide[1:])
    return False
