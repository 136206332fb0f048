"""The wording of "did you mean"."""

import difflib
from collections.abc import Iterable

_LOOKED_AT = 1000  # names that are compared; a hostile file may bring many
_ENOUGH = 8  # names that a message lists before it says "..."


def did_you_mean(word: str, known: Iterable[str], prefix: str = "") -> str:
    """`; did you mean 'x'?`, or the names there are when none comes near. `prefix` is shown before
    each name."""
    names = sorted(known)[:_LOOKED_AT]
    by_lower = {name.lower(): name for name in names}
    near = difflib.get_close_matches(word[:80].lower(), by_lower, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {prefix + by_lower[near[0]]!r}?"
    if not names:
        return ""
    shown = ", ".join(prefix + name for name in names[:_ENOUGH]) + (
        ", ..." if len(names) > _ENOUGH else ""
    )
    return f"; there is: {shown}"


def quoted(text: str) -> str:
    """Text from the file as a message shows it: on one line, cut, in quotes."""
    return repr(text if len(text) <= 60 else text[:57] + "...")
