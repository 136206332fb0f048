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
    """`apart`: with a deployment for each account. `shared`: with ACCOUNTS_FILE, `gavels` with a
    Redis each, on `nodes` hosts in all that have a web process and a worker."""

    accounts: int
    rate: float
    processes: int
    servers: int
    vcpu_apart: float
    gib_apart: float
    gavels: int
    nodes: int
    vcpu_shared: float
    gib_shared: float


def need(accounts: int, of: Account, costs: Costs = COSTS) -> Need:
    rate = accounts * of.rate
    servers = math.ceil(accounts / DATABASES)
    conferences = accounts * of.live * costs.conference_kib / 1024
    memory = accounts * (costs.web_mib + costs.worker_mib) + servers * costs.valkey_mib
    at_rest = accounts * costs.cores_at_rest
    cores = rate * costs.together.all_ms / 1000
    gavels = math.ceil(rate * costs.together.valkey_ms / 1000 / HEADROOM)
    nodes = max(gavels, math.ceil(cores / (HOST_VCPU * HEADROOM)))
    loaded = accounts * nodes / gavels * costs.account_kib / 1024  # each worker may work each
    shared = nodes * (costs.web_mib + costs.worker_mib) + gavels * costs.valkey_mib + loaded
    return Need(
        accounts,
        rate,
        2 * accounts,
        servers,
        (at_rest + rate * costs.alone.all_ms / 1000) / HEADROOM,
        (memory + conferences) / 1024,
        gavels,
        nodes,
        (nodes * costs.cores_at_rest + cores) / HEADROOM,
        (shared + conferences) / 1024,
    )


def table(of: Account) -> Iterator[str]:
    yield (
        "| accounts | callbacks/s | in one Gavel: Redis servers, nodes | vCPU | vCPU-hours a day "
        "| GiB | a Gavel each: processes, Redis servers, vCPU, GiB |"
    )
    yield "|---|---|---|---|---|---|---|"
    for accounts in ACCOUNTS:
        found = need(accounts, of)
        yield (
            f"| {accounts:,} | {found.rate:,.0f} | {found.gavels:,}, {found.nodes:,} | "
            f"{_told(found.vcpu_shared)} | {_told(found.vcpu_shared * 24)} | "
            f"{_told(found.gib_shared)} | {found.processes:,}, {found.servers:,}, "
            f"{_told(found.vcpu_apart)}, {_told(found.gib_apart)} |"
        )


def limits(of: Account, costs: Costs = COSTS) -> Sequence[tuple[int, str]]:
    """At how many accounts what is full, the first one first."""
    of_a_host = HOST_GIB * 1024 / (costs.web_mib + costs.worker_mib)
    cpu = costs.cores_at_rest + of.rate * costs.alone.all_ms / 1000
    server = costs.valkey_at_rest + of.rate * costs.alone.valkey_ms / 1000
    live_kib = of.live * costs.conference_kib + costs.account_kib
    half_a_host = HOST_VCPU * HEADROOM - costs.cores_at_rest
    half_a_thread = HEADROOM - costs.valkey_at_rest
    shared = [
        (
            half_a_host / (of.rate * costs.together.all_ms / 1000),
            f"one Gavel for all, on a host of {HOST_VCPU} vCPU with its Redis: half of its CPU",
        ),
        (
            half_a_thread / (of.rate * costs.together.valkey_ms / 1000),
            "one Gavel for all: half of its Redis' one thread",
        ),
        (
            HOST_GIB * 1024 * 1024 / live_kib,
            f"one Gavel for all: {HOST_GIB} GiB of memory, all accounts busy",
        ),
    ]
    found = [
        *shared,
        (of_a_host, f"a Gavel each: {HOST_GIB} GiB, the memory of processes at rest"),
        (
            HOST_VCPU * HEADROOM / cpu,
            f"a Gavel each: half of the CPU of a host of {HOST_VCPU} vCPU",
        ),
        (DATABASES, f"a Gavel each: a Redis server's {DATABASES} database numbers"),
        (
            MAXCLIENTS / CONNECTIONS,
            f"a Gavel each: a Redis server's {MAXCLIENTS:,} connections, if all are used",
        ),
        (HEADROOM / server, "a Gavel each: half of a Redis server's one thread"),
    ]
    return sorted((math.floor(accounts), what) for accounts, what in found)


def of_one_account(costs: Costs = COSTS) -> Iterator[str]:
    """What bounds a single account, in callbacks a second that each become one call."""
    yield f"- Plivo's budget (300 calls in 5 s): {300 / 5:.0f}/s"
    yield f"- one node, web, worker and Redis on two cores: {costs.held:,}/s held"
    yield f"- one Redis, all of its thread: {1000 / costs.together.valkey_ms:,.0f}/s"


def _told(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"
