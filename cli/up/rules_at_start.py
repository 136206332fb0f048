"""The rules and accounts, as `gavel up` looks at them before it starts or makes anything."""

import json
import subprocess
import sys
from dataclasses import dataclass

from app.errors import GavelError
from app.settings import environment
from cli import programs
from cli.output.terminal import safe, safe_lines


class UnusableRules(GavelError):
    """Mend each line that is named, then start again."""


@dataclass(frozen=True, slots=True)
class RulesAtStart:
    """`told`: which file, and how many rules. `demo`: is one of them meant for the demo's
    conference? `conference`: one that the rules are meant for. `unset`: a line for each secret that
    they name and the environment does not have. `accounts`: how many of which file, "" for none."""

    told: str
    demo: bool
    conference: str
    unset: tuple[str, ...] = ()
    accounts: str = ""


def look_at_rules() -> RulesAtStart:
    """Raises UnusableRules with every problem of the files."""
    done = subprocess.run(
        [sys.executable, *programs.EXAMINE_RULES],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    said = safe_lines(done.stdout.decode(errors="replace")).strip()
    if done.returncode:
        reason = said.removeprefix("gavel: ")
        raise UnusableRules(reason if reason != said else f"the rules can not be used:\n{said}")
    found = json.loads(done.stdout.splitlines()[-1])
    unset = tuple(map(safe, found["unset"]))
    told, accounts = safe(found["told"]), safe(found["accounts"])
    return RulesAtStart(told, found["demo"], found["conference"], unset, accounts)
