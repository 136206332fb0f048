"""The simulation holds, replays exactly, and finds what is planted in it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.mutations import MUTATIONS

ROOT = Path(__file__).resolve().parents[2]
SEEDS = "0:300"
SEEDS_FOR_A_MUTATION = 600  # the run stops at the first that finds it


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


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_planted_mistake_is_found(mutation: str) -> None:
    first = MUTATIONS[mutation].near
    seeds = f"{first}:{first + SEEDS_FOR_A_MUTATION}"
    told = simulate("--seeds", seeds, "--first", "--mutation", mutation)
    assert "WRONG: " in told.stdout, told.stderr[-5_000:]
    assert "again: make simulate SEED=" in told.stdout
