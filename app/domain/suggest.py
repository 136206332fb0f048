"""The wording of "did you mean"."""

import difflib
import re
from collections.abc import Iterable, Mapping

_LOOKED_AT = 1000  # names that are compared; a hostile file may bring many
_LONG_ENOUGH = 6
_VERY_NEAR = 0.75
_ENOUGH = 8  # names that a message lists before it says "..."
_NEARLY_ALL = 24
_INNER_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def plain_word(word: str) -> str:
    """Small, with `_` for blanks, dashes and inner capitals: `waitUrl`, `wait-url` and `Wait Url`
    are one word."""
    return re.sub(r"[\s-]+", "_", _INNER_CAPITAL.sub("_", word[:80])).lower()


def did_you_mean(
    word: str,
    known: Iterable[str],
    prefix: str = "",
    meant: Mapping[str, str] | None = None,
    *,
    in_order: bool = False,
) -> str:
    """`; did you mean 'x'?`, or the names there are when none comes near. `prefix` is shown before
    each name; `meant` has other words for some, by their `plain_word`. Names that are `in_order`
    are the language's own, the likely ones first: they are listed so, and nearly all of them."""
    names = (list(known) if in_order else sorted(known))[:_LOOKED_AT]
    enough = _NEARLY_ALL if in_order else _ENOUGH
    other = (meant or {}).get(plain_word(word)) or (meant or {}).get(word[:80].lower())
    if other in names:
        return f"; did you mean {prefix + other!r}?"
    by_lower = {name.lower(): name for name in names}
    near = difflib.get_close_matches(word[:80].lower(), by_lower, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {prefix + by_lower[near[0]]!r}?"
    if not names:
        return ""
    shown = ", ".join(prefix + name for name in names[:enough]) + (
        ", ..." if len(names) > enough else ""
    )
    return f"; there is: {shown}"


def nearly(word: str, known: Iterable[str]) -> str:
    """The one of `known` that is meant by a word which is none of them, when it is that near:
    `Host` and `hosts` for `host`; or ""."""
    by_lower = {name.lower(): name for name in sorted(known)[:_LOOKED_AT]}
    near = difflib.get_close_matches(word[:80].lower(), by_lower, n=1, cutoff=_VERY_NEAR)
    return by_lower[near[0]] if near and by_lower[near[0]] != word else ""


def one_letter_off(word: str, known: str) -> bool:
    """Is one letter left out, added, exchanged or swapped with its neighbour?

    In short words only a swap counts: too many real words are one letter off them.
    """
    if len(known) < _LONG_ENOUGH:
        return word != known and sorted(word) == sorted(known)
    start = next(
        (at for at, pair in enumerate(zip(word, known, strict=False)) if pair[0] != pair[1]),
        min(len(word), len(known)),
    )
    given, wanted = word[start:], known[start:]
    return given != wanted and (
        given[1:] == wanted
        or given == wanted[1:]
        or given[1:] == wanted[1:]
        or (given[:2] == wanted[1::-1] and given[2:] == wanted[2:])
    )


def quoted(text: str) -> str:
    """Text from the file as a message shows it: on one line, cut, in quotes."""
    return repr(text if len(text) <= 60 else text[:57] + "...")
