"""What so many accounts need, and what breaks first: arithmetic over measured costs."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.scale.costs import COSTS, Costs

ACCOUNTS = (10, 1_000, 100_000)
HEADROOM = 0.5
"""So much of a CPU is planned with: the rest is for bursts and for what took over from others."""
DATABASES = 16
"""Of a Redis server, unless it is told otherwise."""
MAXCLIENTS, CONNECTIONS = 10_000, 16
"""Of a Redis server, unless it is told otherwise; of a deployment at most, 8 a process."""
HOST_VCPU, HOST_GIB = 2, 8


@dataclass(frozen=True, slots=True)
class Account:
    """The account that is reckoned with: callbacks a second in its busy hour, live conferences then."""

    rate: float = 0.5
    live: int = 20


@dataclass(frozen=True, slots=True)
class Need:
    """`today`: with a deployment for each account. `work`: what the events and conferences alone
    would need, if all shared their processes, which nothing does today."""

    accounts: int
    rate: float
    processes: int
    servers: int
    vcpu_today: float
    gib_today: float
    vcpu_work: float
    gib_work: float


def need(accounts: int, of: Account, costs: Costs = COSTS) -> Need:
    rate = accounts * of.rate
    servers = math.ceil(accounts / DATABASES)
    conferences = accounts * of.live * costs.conference_kib / 1024
    memory = accounts * (costs.web_mib + costs.worker_mib) + servers * costs.valkey_mib
    at_rest = accounts * costs.cores_at_rest
    return Need(
        accounts,
        rate,
        2 * accounts,
        servers,
        (at_rest + rate * costs.alone.all_ms / 1000) / HEADROOM,
        (memory + conferences) / 1024,
        rate * costs.together.all_ms / 1000 / HEADROOM,
        conferences / 1024,
    )


def table(of: Account) -> Iterator[str]:
    yield (
        "| accounts | callbacks/s | web + worker processes | Redis servers | vCPU | vCPU-hours a day "
        "| GiB | the work alone: vCPU, GiB |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for accounts in ACCOUNTS:
        found = need(accounts, of)
        yield (
            f"| {accounts:,} | {found.rate:,.0f} | {found.processes:,} | {found.servers:,} | "
            f"{_told(found.vcpu_today)} | {_told(found.vcpu_today * 24)} | {_told(found.gib_today)} | "
            f"{_told(found.vcpu_work)}, {_told(found.gib_work)} |"
        )


def limits(of: Account, costs: Costs = COSTS) -> Sequence[tuple[int, str]]:
    """At how many accounts what is full, the first one first."""
    of_a_host = HOST_GIB * 1024 / (costs.web_mib + costs.worker_mib)
    cpu = costs.cores_at_rest + of.rate * costs.alone.all_ms / 1000
    server = costs.valkey_at_rest + of.rate * costs.alone.valkey_ms / 1000
    found = [
        (of_a_host, f"a host of {HOST_GIB} GiB: memory of processes at rest"),
        (HOST_VCPU * HEADROOM / cpu, f"a host of {HOST_VCPU} vCPU, half used: CPU"),
        (DATABASES, f"a Redis server: its {DATABASES} database numbers"),
        (MAXCLIENTS / CONNECTIONS, f"a Redis server: {MAXCLIENTS:,} connections, if all are used"),
        (HEADROOM / server, "a Redis server: half of its one thread"),
    ]
    return sorted((math.floor(accounts), what) for accounts, what in found)


def of_one_account(costs: Costs = COSTS) -> Iterator[str]:
    """What bounds a single account, in callbacks a second that each become one call."""
    yield f"- Plivo's budget (300 calls in 5 s): {300 / 5:.0f}/s"
    yield f"- one node, web, worker and Redis on two cores: {costs.held:,}/s held"
    yield f"- one Redis, all of its thread: {1000 / costs.together.valkey_ms:,.0f}/s"


def _told(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"
