"""What holds of docs/guarantees.md however slow the machine is: nothing lost, nothing twice, order.

The scenarios run once, in short, several beside each other since they mostly wait; then each is
looked at. How long things took and how many calls came in a second is measured by `make chaos`
only, and so are the scenarios whose promise is a rate (`budget`, `storm`, `townhall`, `slow`).
Those that are left out besides (`lost`, `deploy`, `clock`, `unseen`, `sudden`) differ from one of
these in little.
"""

import asyncio

import pytest

from bench.chaos.report import Row
from bench.chaos.scenarios import SCENARIOS

NAMES = (
    "planned",
    "demoted",
    "split",
    "cluster",
    "timers",
    "emptied",
    "recovery",
    "twice",
    "failures",
    "withheld",
    "order",
    "rolling",
)
BESIDE_EACH_OTHER = 5


@pytest.fixture(scope="module")
def rows() -> dict[str, list[Row] | BaseException]:
    return asyncio.run(all_in_short())


async def all_in_short() -> dict[str, list[Row] | BaseException]:
    """What came of each; one that could not be played does not hide the others."""
    gate = asyncio.Semaphore(BESIDE_EACH_OTHER)

    async def run(name: str) -> list[Row]:
        async with gate:
            return await SCENARIOS[name](True)

    played = await asyncio.gather(*map(run, NAMES), return_exceptions=True)
    return dict(zip(NAMES, played, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_the_promise_holds(name: str, rows: dict[str, list[Row] | BaseException]) -> None:
    found = rows[name]
    if isinstance(found, BaseException):
        raise found
    broken = [row for row in found if not row.holds]
    assert not broken
