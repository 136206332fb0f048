"""The demo: somebody comes or goes again before anybody wonders whether it still runs."""

from itertools import pairwise
from pathlib import Path

from cli.rules_file import load_rules
from cli.up.demo import CALLERS, CONFERENCE, PAUSE

ROOT = Path(__file__).parents[2]
LONGEST_SILENCE = 10.0


def test_the_terminal_is_never_silent_for_long() -> None:
    """With any rules: comings and goings alone."""
    moves = sorted({at for caller in CALLERS for at in (caller.enters, caller.leaves)})
    assert moves[0] == 0.0
    gaps = [later - earlier for earlier, later in pairwise([*moves, moves[-1] + PAUSE])]
    assert max(gaps) <= LONGEST_SILENCE


def test_the_shipped_rules_see_all_of_it() -> None:
    """The limit ends the conference while somebody is in it, and it is of these rules."""
    (limit,) = load_rules(str(ROOT / "rules.yaml")).limits
    assert limit.duration < max(caller.leaves for caller in CALLERS)
    assert CONFERENCE.startswith("demo-")
