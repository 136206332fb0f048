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
def rows() -> dict[str, list[Row]]:
    return asyncio.run(all_in_short())


async def all_in_short() -> dict[str, list[Row]]:
    gate = asyncio.Semaphore(BESIDE_EACH_OTHER)

    async def run(name: str) -> list[Row]:
        async with gate:
            return await SCENARIOS[name](True)

    return dict(zip(NAMES, await asyncio.gather(*map(run, NAMES)), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_the_promise_holds(name: str, rows: dict[str, list[Row]]) -> None:
    broken = [row for row in rows[name] if not row.holds]
    assert not broken
