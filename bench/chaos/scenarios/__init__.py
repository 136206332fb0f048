"""The scenarios, by the name that one asks for."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from bench.chaos.report import Row
from bench.chaos.scenarios import kills, order, recovery, timers

SCENARIOS: Mapping[str, Callable[[bool], Coroutine[Any, Any, list[Row]]]] = {
    "lost": kills.nothing_lost,
    "twice": kills.nothing_twice,
    "order": order.in_order,
    "slow": order.slow_one,
    "recovery": recovery.next_worker,
    "clock": recovery.timers_go_on,
    "timers": timers.on_time,
}
