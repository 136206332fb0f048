"""How far what was asked for together is: how many of it are in which state."""

from collections import Counter
from collections.abc import Iterable, Mapping


def tally(states: Iterable[str], known: Iterable[str]) -> Mapping[str, int]:
    """How many there are of each state, in the order of `known`; states that nothing is in are
    left out."""
    found = Counter(states)
    return {state: found[state] for state in known if found[state]}
