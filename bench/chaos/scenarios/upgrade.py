"""Promises 1 and 2, for upgrades: from another version to this one and back, while callbacks come.

The other version is the revision that `BEFORE` names (a tag, a commit), the newest tag without it.
It runs by what is installed for this one.
"""

import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.chaos.callbacks import unacknowledged
from bench.chaos.edge import Fate
from bench.chaos.fleet import Fleet
from bench.chaos.report import Row
from bench.chaos.scenarios.kills import MUTE_AND_SPEAK, account, recorded, repeated
from bench.chaos.scenarios.rolling import RATE, post_until
from bench.chaos.stage import stage

ROOT = Path(__file__).parents[3]
STAY = 5.0
"""Seconds with everything of one version."""


async def there_and_back(short: bool) -> list[Row]:
    """All of the other version; one by one of this one; then as docs/operations.md says it, the
    newer workers first, back to the other. `short` is the same."""
    with _before() as (revision, tree):
        async with stage(MUTE_AND_SPEAK, _Before, BEFORE=str(tree)) as on:
            assert isinstance(on.gavel, Fleet)
            on.edge.fate = lambda _request, _before: Fate(delay=0.2)
            moving = asyncio.create_task(asyncio.to_thread(_move, on.gavel, tree))
            callbacks = await post_until(on, moving)
            codes = await moving
            await on.until_quiet()
            lost, doubled, untouched, _ = account(on, callbacks)
            unknown = recorded(on, callbacks, "unknown", "speak")
            spoken, muted = len(repeated(on, "speak")), len(repeated(on, "mute"))
            aside = on.judge.dead()
    refused = [one for one in callbacks if one.errors]
    slowest = max(one.acknowledged - one.sent for one in callbacks)
    measured = (
        f"{len(callbacks)} callbacks at {RATE:g}/s while 2 workers and 2 web processes went from "
        f"{revision} to this version, one by one, and back, workers first: not acknowledged "
        f"{unacknowledged(callbacks)}, not decided {lost}, decided more than once {doubled}, not "
        f"muted {untouched}, spoken to twice {spoken}, muted again {muted}, outcome unknown "
        f"{len(unknown)}, rows set aside {aside}; answered 5xx and then 200: {len(refused)}, the "
        f"slowest 200 after {slowest:.2f} s; exit codes {sorted(set(codes))}"
    )
    bad = unacknowledged(callbacks) or lost or doubled or untouched or spoken
    return [Row("1, 2 An upgrade, and the way back, lose nothing", measured, not bad, not refused)]


class _Before(Fleet):
    """Starts with the other version."""

    def start(self) -> None:
        self.tree = Path(self.environ.pop("BEFORE"))
        super().start()


def _move(fleet: Fleet, before: Path) -> list[int]:
    """There, and back again; exit codes."""
    codes = []
    fleet.tree = None
    for name in fleet.names:
        codes.append(fleet.restart(name))
    time.sleep(STAY)
    fleet.tree = before
    workers = [name for name in fleet.names if name.startswith("worker")]
    codes += [fleet.end(name) for name in workers]
    for name in workers:
        fleet.launch(name)
        fleet.wait_for(name)
    codes += [fleet.restart(name) for name in fleet.names if name not in workers]
    time.sleep(STAY)
    return codes


@contextmanager
def _before() -> Iterator[tuple[str, Path]]:
    """The other version's revision, and where its files lie as long as this lasts."""
    revision = os.environ.get("BEFORE") or _git("describe", "--tags", "--abbrev=0")
    with tempfile.TemporaryDirectory(prefix="gavel-before-") as folder:
        tree = Path(folder) / "tree"
        _git("worktree", "add", "--detach", str(tree), revision)
        try:
            yield _git("rev-parse", "--short", revision), tree
        finally:
            _git("worktree", "remove", "--force", str(tree))


def _git(*arguments: str) -> str:
    """Raises CalledProcessError."""
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
