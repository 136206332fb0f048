"""The scenarios, by the name that one asks for."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from bench.chaos.report import Row
from bench.chaos.scenarios import (
    accounts,
    budget,
    cluster,
    deploy,
    failover,
    failures,
    fair,
    hosts,
    killing,
    kills,
    order,
    outsiders,
    reconcile,
    recovery,
    rolling,
    timers,
    townhall,
    upgrade,
)

SCENARIOS: Mapping[str, Callable[[bool], Coroutine[Any, Any, list[Row]]]] = {
    "lost": kills.nothing_lost,
    "twice": kills.nothing_twice,
    "deploy": deploy.restarted,
    "killing": killing.killed_again_and_again,
    "rolling": rolling.restarted_one_by_one,
    "order": order.in_order,
    "slow": order.slow_one,
    "recovery": recovery.next_worker,
    "clock": recovery.timers_go_on,
    "timers": timers.on_time,
    "budget": budget.never_exceeded,
    "failures": failures.tried_until_expired,
    "storm": budget.no_storm,
    "townhall": townhall.everyone_muted,
    "withheld": reconcile.withheld,
    "unseen": reconcile.unseen,
    "emptied": reconcile.emptied,
    "outsiders": outsiders.beside_outsiders,
    "planned": failover.planned,
    "sudden": failover.sudden,
    "demoted": failover.demoted,
    "split": failover.split,
    "cluster": cluster.moved,
    "hosts": hosts.several_hosts,
    "accounts": accounts.apart,
    "fair": fair.fair,
    "upgrade": upgrade.there_and_back,
}
