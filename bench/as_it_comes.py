"""Speed with the settings as they come: `gavel up` with its own budget, the API answering slowly.

    python -m bench.as_it_comes [--seconds 12]

One row a rate: from a callback's first post to its mute's arrival at the API double, and how many
calls were made for how many entries. Then a town hall, and the first call after a start, posted as
soon as `/readyz` says ready. Every row starts a new Gavel.
"""

import argparse
import asyncio
from collections.abc import Sequence

from bench.chaos.apart import post_apart
from bench.chaos.callbacks import Callback, callback, entries
from bench.chaos.edge import Edge, Fate
from bench.chaos.report import most_within, percentile
from bench.chaos.scenarios.kills import MUTE
from bench.chaos.stage import stage

AS_IT_COMES = {"PLIVO_RATE": "", "RECONCILE_INTERVAL": "", "LOG_LEVEL": ""}
RATES = (10, 20, 30, 40, 50)
ROOMS = 20
STARTS = 5


async def row(name: str, callbacks: Sequence[Callback], rate: float, api: float) -> None:
    """Post entries at a rate, wait for their mutes, print what was seen outside."""
    async with stage(MUTE, **AS_IT_COMES) as on:
        on.edge.fate = lambda _request, _before: Fate(delay=api)
        posted = await post_apart(on.gavel.port, list(callbacks), rate)
        wanted = {(one.conference, one.member) for one in posted}
        await on.until(lambda: arrivals(on.edge).keys() >= wanted, 20, 0.05)
        at, made = arrivals(on.edge), on.edge.calls()
    waits = [at[one.conference, one.member] - one.sent for one in posted]
    last = max(at.values()) - max(one.sent for one in posted)
    shares = " / ".join(f"{percentile(waits, share) * 1000:.0f}" for share in (50, 90, 99))
    print(
        f"{name:40} p50 / p90 / p99 {shares} ms; {len(made)} calls for {len(posted)} entries, "
        f"most in 5 s {most_within([one.at for one in made], 5.0)}, first {waits[0] * 1000:.0f} ms, "
        f"last {last:.2f} s after the last entry",
        flush=True,
    )


async def first_calls(starts: int) -> None:
    """From the first callback of a Gavel that is just ready to its mute."""
    waits = []
    for _ in range(starts):
        async with stage(MUTE, **AS_IT_COMES) as on:
            first = callback("first", "1")
            await on.plivo.post_all([first], 1)
            await on.until(lambda: bool(arrivals(on.edge)), 20, 0.005)
            waits.append(arrivals(on.edge)["first", "1"] - first.sent)
    told = ", ".join(f"{one * 1000:.0f}" for one in sorted(waits))
    print(f"{f'first call after ready, {starts} starts':40} {told} ms", flush=True)


def arrivals(edge: Edge) -> dict[tuple[str, str], float]:
    """When the mute of each member first arrived."""
    found: dict[tuple[str, str], float] = {}
    for request in edge.calls("mute"):
        for member in request.members:
            found.setdefault((request.conference, member), request.at)
    return found


async def all_rows(seconds: int, rates: Sequence[int]) -> None:
    for rate in rates:
        callbacks = entries(f"steady-{rate}", ROOMS, rate * seconds // ROOMS)
        await row(f"{rate}/s into {ROOMS} conferences, API 20 ms", callbacks, rate, 0.02)
    alone = [callback(f"alone-{number}", "1") for number in range(58 * seconds)]
    await row("58/s, a conference each, API 20 ms", alone, 58, 0.02)
    await row("town hall: 1,000 in 1 s, 50 rooms, 150 ms", entries("hall", 50, 20), 1000, 0.15)
    await first_calls(STARTS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=12)
    parser.add_argument("--rates", type=lambda text: [int(one) for one in text.split(",")])
    given = parser.parse_args()
    asyncio.run(all_rows(given.seconds, given.rates or RATES))


if __name__ == "__main__":
    main()
