"""Words in what was said: found whole, whatever their case and accents."""

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"\w+")
_REMEMBERED = 8


def words_of(text: str) -> str:
    """The words of a text, one blank between each two: without case, accents and punctuation."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(one for one in bare if not unicodedata.combining(one))
    return " ".join(_WORD.findall(plain.casefold()))


@lru_cache(maxsize=_REMEMBERED)
def _between_blanks(text: str) -> str:
    """Made once for all rules that look into the same transcript."""
    return f" {words_of(text)} "


def found_in(text: str, words: str) -> bool:
    """Are these words (`words_of`) in the text, next to each other?"""
    return f" {words} " in _between_blanks(text)
