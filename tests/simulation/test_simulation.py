"""The simulation holds, replays exactly, and finds what is planted in it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.__main__ import HUNTED
from tests.simulation.mutations import MUTATIONS

ROOT = Path(__file__).resolve().parents[2]
SEEDS = "0:300"


def simulate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.simulation", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_every_invariant_holds_whatever_goes_wrong() -> None:
    told = simulate("--seeds", SEEDS, "--processes", "2")
    assert told.returncode == 0, told.stdout[-60_000:] + told.stderr[-5_000:]


def test_a_seed_runs_the_same_again_alone_as_among_others() -> None:
    among = simulate("--seeds", "0:12", "--digests").stdout.splitlines()
    alone = simulate("--seeds", "11", "--digests").stdout.splitlines()
    assert len(among) == 13
    assert alone[0] == among[11]


@pytest.fixture(scope="module")
def hunts() -> dict[str, str]:
    """What the hunt for each planted mistake told."""
    told = simulate("--hunt")
    _, *hunts = f"\n{told.stdout}".split(f"\n{HUNTED}")
    return {name: text + told.stderr for name, _, text in (hunt.partition("\n") for hunt in hunts)}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_planted_mistake_is_found(mutation: str, hunts: dict[str, str]) -> None:
    assert "WRONG: " in hunts[mutation], hunts[mutation][-5_000:]
    assert "again: make simulate SEED=" in hunts[mutation]
