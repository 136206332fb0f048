"""Metrics of the accounts of one service, told with their label."""

from collections.abc import Callable

import pytest
from redis import Redis
from werkzeug.test import Client

from app.metrics.accounts import OTHERS, AccountCells
from app.store.server.clock import redis_time
from tests.app.builders import TOKEN, enter
from tests.app.web.conftest import serving as serving
from tests.app.web.many import METRICS_TOKEN, Service, entry

BEARER = {"Authorization": f"Bearer {METRICS_TOKEN}"}


def told(service: Service, path: str) -> list[str]:
    """The samples, without those of buckets."""
    answer = Client(service.front).get(path, headers=BEARER)
    assert answer.status_code == 200
    return [line for line in answer.text.splitlines() if line[0] != "#" and "_bucket" not in line]


@pytest.fixture
def service(serving: Callable[..., Service]) -> Service:
    """Where acme was called once, zeta refused one, and the root was called once."""
    made = serving(entry("acme"), entry("zeta"), entry("idle"))
    assert made.callback("acme", enter()).status_code == 200
    assert made.callback("zeta", enter(), token=TOKEN).status_code == 403
    assert made.callback("", enter(), token=TOKEN).status_code == 200
    return made


def test_the_service_tells_what_all_count_with_their_label(service: Service) -> None:
    found = told(service, "/metrics/cluster")
    for line in (
        "gavel_events_accepted_total 1.0",
        'gavel_events_accepted_total{account="acme"} 1.0',
        'gavel_requests_refused_total{account="zeta",status="403"} 1.0',
        'gavel_budget_calls_limit{account="acme"} 300.0',
    ):
        assert line in found
    assert not [line for line in found if 'account="idle"' in line]
    assert not [line for line in found if "gavel_workers_alive{" in line]


def test_the_budget_of_an_account_is_its_own(service: Service) -> None:
    now = redis_time(service.redis)
    for name, calls in (("acme", 2), ("zeta", 1)):
        sent = [str(int(now * 1_000_000))] * calls
        service.space(name).rpush("gavel:budget:sent", *sent)
    found = told(service, "/metrics/cluster")
    assert 'gavel_budget_calls_remaining{account="acme"} 298.0' in found
    assert 'gavel_budget_calls_remaining{account="zeta"} 299.0' in found


def test_the_service_tells_of_the_requests_of_all(service: Service) -> None:
    found = told(service, "/metrics")
    for labels in (
        'code="200",method="POST",route="/plivo/conference"',
        'account="acme",code="200",method="POST",route="/plivo/conference"',
        'account="zeta",code="403",method="POST",route="/plivo/conference"',
    ):
        assert f"gavel_http_requests_total{{{labels}}} 1.0" in found


def test_an_account_tells_of_itself_alone_and_without_a_label(service: Service) -> None:
    assert "gavel_events_accepted_total 1.0" in told(service, "/a/acme/metrics/cluster")
    of_zeta = told(service, "/a/zeta/metrics/cluster")
    assert 'gavel_requests_refused_total{status="403"} 1.0' in of_zeta
    assert "gavel_events_accepted_total 1.0" not in of_zeta
    found = told(service, "/a/acme/metrics")
    assert (
        'gavel_http_requests_total{code="200",method="POST",route="/plivo/conference"} 1.0' in found
    )
    assert not [line for line in (*of_zeta, *found) if "account=" in line]


@pytest.mark.parametrize("path", ["/metrics", "/metrics/cluster", "/openapi.json"])
@pytest.mark.parametrize("at", ["", "/a/acme"])
def test_the_token_of_the_service_closes_all_of_them(service: Service, at: str, path: str) -> None:
    assert Client(service.front).get(at + path).status_code == 401
    assert Client(service.front).get(at + path, headers=BEARER).status_code == 200


def test_who_has_counted_nothing_costs_the_scrape_nothing(service: Service, redis: Redis) -> None:
    def commands() -> int:
        before = redis.info("stats")["total_commands_processed"]
        told(service, "/metrics/cluster")
        return int(redis.info("stats")["total_commands_processed"] - before)

    commands()
    of_three = commands()
    idle = (entry(f"idle-{number}") for number in range(20))
    service.write(entry("acme"), entry("zeta"), *idle)
    service.settle()
    assert commands() == of_three


def test_an_account_that_is_gone_is_not_told_any_more(service: Service) -> None:
    service.write(entry("zeta"))
    service.settle()
    assert not [line for line in told(service, "/metrics/cluster") if "acme" in line]


def test_what_is_counted_outlives_the_process_that_counted_it() -> None:
    cells = AccountCells(rows=2, places=8)
    for row, names in ((0, ("acme", "acme", "zeta")), (1, ("acme",)), (0, ("zeta", "acme"))):
        cells.begin(row)
        for name in names:
            cells.of(name).note("/plivo/conference", "POST", "200", 0.1, "")
    found = {name: families[0].samples[0].value for name, families in cells.told()}
    assert found == {"acme": 4.0, "zeta": 2.0}


def test_accounts_for_which_no_place_is_left_are_counted_together() -> None:
    cells = AccountCells(rows=1, places=3)
    for name in ("a", "b", "c", "d", "a"):
        cells.of(name).note("/plivo/conference", "POST", "200", 0.1, "")
    found = {name: families[0].samples[0].value for name, families in cells.told()}
    assert found == {"a": 2.0, "b": 1.0, OTHERS: 2.0}
