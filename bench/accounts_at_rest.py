"""What many accounts cost while nothing happens: `gavel up` with so many in ACCOUNTS_FILE.

    python -m bench.accounts_at_rest [--accounts 0,1000] [--rest 20] [--events]

A row for each number: seconds until callbacks are taken, memory (PSS) of all processes and of
Valkey's data, CPU and Redis commands a second at rest; with `--events` the same after a
conference of each account: a member enters, is muted by the account's own credentials, and leaves.
The rules are those that Gavel comes with. They record, and nobody tells of the file here: so Plivo
is asked for it, and these accounts are not at rest (it says of how many that is so).
"""

import argparse
import asyncio
import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from app.store import keys
from app.store.server.spaces import Spaces
from bench.chaos.accounts import Account, ManyAccounts
from bench.chaos.callbacks import callback
from bench.chaos.stage import Stage, stage

ROOM = "demo-room"  # the rules that Gavel comes with are for conferences of such names
RULES = Path(__file__).parents[1] / "rules.yaml"
AS_IT_COMES = {"PLIVO_RATE": "", "RECONCILE_INTERVAL": ""}
TICKS = os.sysconf("SC_CLK_TCK")


async def row(count: int, rest: float, *, events: bool) -> None:
    """Start with `count` accounts; tell what they cost."""
    rules = RULES.read_text(encoding="utf-8")
    accounts = [Account(f"account-{number}", rules) for number in range(count)]
    begun = time.monotonic()
    async with stage(rules, partial(ManyAccounts, accounts=accounts), **AS_IT_COMES) as on:
        print(f"{count} accounts: ready after {time.monotonic() - begun:.1f} s", flush=True)
        await asyncio.to_thread(until_known, on, accounts)
        print(f"    all rules known after {time.monotonic() - begun:.0f} s", flush=True)
        await settled(on)
        print(f"    settled after {time.monotonic() - begun:.0f} s", flush=True)
        await told(on, "at rest", rest)
        if events and accounts:
            begun = time.monotonic()
            await _post(on, accounts, "enter")
            if not await on.until(lambda: muted(on) == {one.login for one in accounts}):
                raise SystemExit(f"members of {len(muted(on))} of {count} accounts were muted")
            print(f"    a member of each muted after {time.monotonic() - begun:.1f} s", flush=True)
            await _post(on, accounts, "exit")
            await settled(on)
            await told(on, "after a conference of each", rest)


def until_known(on: Stage, accounts: list[Account]) -> None:
    """Until the rules of each are published."""
    spaces = Spaces(on.judge.redis)
    for one in accounts:
        while not spaces.of(one.name).exists(keys.RULES_DIGEST):
            time.sleep(1.0)


async def _post(on: Stage, accounts: list[Account], action: str) -> None:
    """One callback of each account, twenty accounts at once."""

    async def post(some: list[Account]) -> None:
        for one in some:
            sender = one.sender(on)
            await sender.post_all([callback(ROOM, "1", action)], 1)
            sender.close()

    await asyncio.gather(*[post(accounts[n::20]) for n in range(20)])


def muted(on: Stage) -> set[str]:
    """By whose credentials members were muted."""
    return {call.login for call in on.edge.calls("mute")}


async def settled(on: Stage) -> None:
    """Until Gavel uses little for five seconds, two minutes at most."""
    for _ in range(24):
        before = cpu(on)
        await asyncio.sleep(5.0)
        if cpu(on) - before < 0.2:
            return


async def told(on: Stage, when: str, seconds: float) -> None:
    redis: Any = on.judge.redis
    before, used = commands(redis), cpu(on)
    await asyncio.sleep(seconds)
    after, more = commands(redis), cpu(on) - used
    rates = {name: (n - before.get(name, 0)) / seconds for name, n in after.items()}
    most = sorted(rates.items(), key=lambda item: -item[1])[:6]
    print(
        f"    {when}: PSS {sum(map(pss, pids(on))) / 1024:.0f} MiB, "
        f"Valkey's data {redis.info('memory')['used_memory'] / 2**20:.1f} MiB, "
        f"CPU {more / seconds * 100:.1f} % of a core, "
        f"commands/s {sum(rates.values()):.1f} "
        f"({', '.join(f'{name} {rate:.1f}' for name, rate in most)}); "
        f"Plivo is asked about {redis.zcard(keys.ACCOUNTS_TO_ASK)} accounts; "
        + ", ".join(f"{kind} {sum(map(pss, on.gavel.pids(kind))) / 1024:.0f}" for kind in KINDS)
        + f" MiB; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


KINDS: Any = ("worker", "web", "valkey")


def pids(on: Stage) -> list[int]:
    return on.gavel.tree()  # but for the supervisor


def commands(redis: Any) -> dict[str, int]:
    found = redis.info("commandstats")
    return {name.removeprefix("cmdstat_"): one["calls"] for name, one in found.items()}


def pss(pid: int) -> int:
    """KiB."""
    try:
        rows: Iterator[str] = iter(Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines())
    except OSError:
        return 0
    return next((int(row.split()[1]) for row in rows if row.startswith("Pss:")), 0)


def cpu(on: Stage) -> float:
    """Seconds that all processes have used."""
    total = 0.0
    for pid in pids(on):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", default="0,1000")
    parser.add_argument("--rest", type=float, default=20.0)
    parser.add_argument("--events", action="store_true")
    given = parser.parse_args()
    for count in given.accounts.split(","):
        asyncio.run(row(int(count), given.rest, events=given.events))


if __name__ == "__main__":
    main()
