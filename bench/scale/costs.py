"""What one node costs, as it was measured: docs/scale.md has the commands."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """CPU of one callback that becomes one call, in ms, by the kind of process."""

    web_ms: float
    worker_ms: float
    valkey_ms: float

    @property
    def all_ms(self) -> float:
        return self.web_ms + self.worker_ms + self.valkey_ms


@dataclass(frozen=True, slots=True)
class Costs:
    """`alone`: of an event that meets no other, `together`: of one among 100 a second. At rest:
    shares of a core and MiB of a deployment (`gavel web`, `gavel worker`) and of its part of Redis.
    `conference_kib`: of a live one with five members. `account_kib`: of an account of many in one
    Gavel, in its worker, while it is worked. `held`: callbacks a second of one node of two
    cores. `silences`: seconds without a 200 when Redis fails over."""

    alone: Event
    together: Event
    web_mib: float
    worker_mib: float
    valkey_mib: float
    web_at_rest: float
    worker_at_rest: float
    valkey_at_rest: float
    commands_at_rest: float
    conference_kib: float
    account_kib: float
    held: int
    silences: Sequence[float]

    @property
    def cores_at_rest(self) -> float:
        return self.web_at_rest + self.worker_at_rest + self.valkey_at_rest


COSTS = Costs(
    alone=Event(1.04, 2.32, 1.04),
    together=Event(0.82, 1.68, 0.66),
    web_mib=58,
    worker_mib=39,
    valkey_mib=4,
    web_at_rest=0.0010,
    worker_at_rest=0.0030,
    valkey_at_rest=0.0023,
    commands_at_rest=46.2,
    conference_kib=9.2,
    account_kib=62,
    held=1200,
    silences=(3.3, 11.3),
)


def table(costs: Costs = COSTS) -> Iterator[str]:
    yield "| | web | worker | Redis |"
    yield "|---|---|---|---|"
    for name, one in (("alone, at 25/s", costs.alone), ("together, at 100/s", costs.together)):
        parts = f"{one.web_ms:g} | {one.worker_ms:g} | {one.valkey_ms:g}"
        yield f"| CPU of a callback that becomes a call, ms, {name} | {parts} |"
    yield (
        f"| at rest: CPU of a core | {costs.web_at_rest:.2%} | {costs.worker_at_rest:.2%} | "
        f"{costs.valkey_at_rest:.2%} |"
    )
    yield f"| at rest: memory, MiB | {costs.web_mib:g} | {costs.worker_mib:g} | {costs.valkey_mib:g} |"
    yield f"| at rest: commands a second | | | {costs.commands_at_rest:g} |"
    yield f"| an account of many in one Gavel, while it is worked, KiB | | {costs.account_kib:g} | |"
    yield f"| a live conference of five members, KiB | | | {costs.conference_kib:g} |"
