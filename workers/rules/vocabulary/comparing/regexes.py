"""Regular expressions that cannot hang: RE2's, which takes time linear in the text."""

from collections.abc import Callable
from functools import lru_cache

import re2

MAX_LENGTH = 500
_MAX_MEMORY = 1 << 18


def compile_regex(pattern: str) -> Callable[[str], bool]:
    """A function that finds the pattern anywhere in a text. Raises `ValueError` with a sentence
    when RE2 cannot read it (it has neither look-around nor back-references)."""
    if len(pattern) > MAX_LENGTH:
        raise ValueError(f"a regular expression has at most {MAX_LENGTH} characters")
    return _compiled(str(pattern))


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Callable[[str], bool]:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    try:
        found = re2.compile(pattern, options)
    except re2.error as error:
        raise ValueError(_sentence(error)) from None
    search = found.search
    return lambda text: search(text) is not None


def _sentence(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    if "invalid perl operator" in text or "invalid escape sequence" in text:
        return f"not a regular expression of RE2 (no look-around, no back-references): {text}"
    return f"not a regular expression: {text}"
