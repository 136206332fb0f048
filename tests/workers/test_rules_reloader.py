"""The rulebook: the last good rules, published once, told to every live conference."""

import json
import logging
from itertools import count
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from app.domain.event import Event, new_id
from app.store import keys
from app.store.commit import Commit
from app.store.inbox import Inbox
from app.store.journal import Journal
from app.store.lease import Leases
from app.store.published_rules import PublishedRules
from app.yaml.problems import FileError
from tests import log_lines
from tests.workers.builders import MUTE_EVERYONE
from workers.rules_reloader import RulesReloader

BROKEN = "version: 1\nrules:\n  - name: x\n    when: nonsense\n    do: [mute: member]\n"
TRIGGER = """
version: 1
rules:
  - name: VIP
    when: {trigger: vip-arrived}
    do:
      - log: "hello"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "rules.yaml"
    file.write_text(MUTE_EVERYONE)
    return file


def opened(redis: Redis, path: Path) -> RulesReloader:
    """On a clock that goes on by a second with each look at it: a change settles at once."""
    book = RulesReloader(redis, str(path), clock=count().__next__)
    book.open()
    book.look()
    return book


def live_conference(redis: Redis) -> str:
    key = keys.conference_key("sales-1")
    Inbox(redis).accept(Event(new_id(), "member.entered", "sales-1", 0.0), identities=[])
    lease = Leases(redis).take(key)
    assert lease is not None
    lease.commit(Commit(decided=1, live=1.0), release=True)
    return key


def rewrite(book: RulesReloader, path: Path, text: str) -> None:
    path.write_text(text)
    book.look()


def test_a_process_makes_its_rules_known_when_it_is_at_work_and_not_while_it_starts(
    redis: Redis, path: Path
) -> None:
    book = RulesReloader(redis, str(path))
    book.open()
    assert book.rules.rules
    assert PublishedRules(redis).current() is None
    book.look()
    assert PublishedRules(redis).current() is not None


def test_what_a_changed_file_changed_is_logged(
    redis: Redis, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    entry = "  - {{name: {}, when: member.entered, do: [log: {}]}}\n"
    old = ("stays", "same"), ("is edited", "one"), ("goes", "x")
    new = ("is edited", "two"), ("comes", "x"), ("stays", "same")
    path.write_text("version: 1\nrules:\n" + "".join(entry.format(*rule) for rule in old))
    book = opened(redis, path)
    with caplog.at_level(logging.INFO, "gavel.rules"):
        rewrite(book, path, "version: 1\nrules:\n" + "".join(entry.format(*r) for r in new))

    told = next(vars(one)["ids"] for one in caplog.records if one.message == "rules changed")
    assert (told["added"], told["changed"], told["removed"]) == ("comes", "is edited", "goes")


NONE = "version: 1\nrules:\n"


def test_a_file_that_loses_all_its_rules_is_told_loudly_and_taken(
    redis: Redis, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_text(MUTE_EVERYONE + "limits: [{duration: 1h}]\n")
    book = opened(redis, path)
    with caplog.at_level(logging.INFO, "gavel.rules"):
        rewrite(book, path, NONE)
    told = {one.levelname: one.message for one in caplog.records if "all" in one.message}
    assert told["ERROR"].startswith("all rules are gone")
    assert told["WARNING"].startswith("all limits are gone")
    assert not book.rules.rules


def test_a_start_without_rules_is_told(
    redis: Redis, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_text(NONE)
    with caplog.at_level(logging.INFO, "gavel.rules"):
        opened(redis, path)
    assert ("WARNING", True) in [(r.levelname, "no rules" in r.message) for r in caplog.records]


def test_the_receiver_is_told_what_it_needs_to_know(redis: Redis, path: Path) -> None:
    path.write_text(TRIGGER)
    opened(redis, path)
    published = redis.get(keys.RULES)
    assert isinstance(published, bytes)
    assert json.loads(published)["trigger_names"] == ["vip-arrived"]


def test_a_changed_file_is_taken_and_every_live_conference_told_once(
    redis: Redis, path: Path
) -> None:
    books = [opened(redis, path), opened(redis, path)]
    key = live_conference(redis)
    for book in books:
        rewrite(book, path, TRIGGER)
    assert [book.rules.rules[0].name for book in books] == ["VIP", "VIP"]
    told = [json.loads(entry.split(b" ", 1)[1]) for entry in redis.lrange(keys.inbox(key), 0, -1)]
    assert [event["kind"] for event in told] == ["rules.changed"]


def test_a_broken_file_leaves_the_rules_as_they_are_and_is_told(
    redis: Redis, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    book = opened(redis, path)
    with caplog.at_level(logging.ERROR):
        rewrite(book, path, BROKEN)
    assert book.rules.rules[0].name == "Everyone joins muted"
    broken = redis.get(keys.RULES_BROKEN)
    assert isinstance(broken, bytes)
    assert b"rules.yaml:4:" in broken
    assert "rules.yaml:4:" in log_lines.text(caplog)
    rewrite(book, path, TRIGGER)
    assert redis.get(keys.RULES_BROKEN) is None


def test_a_worker_that_starts_on_a_broken_file_works_with_the_last_good_rules(
    redis: Redis, path: Path
) -> None:
    opened(redis, path)
    path.write_text(BROKEN)
    assert opened(redis, path).rules.rules[0].name == "Everyone joins muted"


@pytest.mark.parametrize("text", [BROKEN, None])
def test_without_any_good_rules_a_worker_does_not_start(
    redis: Redis, path: Path, text: str | None
) -> None:
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(FileError) as caught:
        opened(redis, path)
    assert "rules.yaml" in str(caught.value)


def test_rules_that_were_taken_while_redis_was_full_are_told_when_it_is_not(
    redis: Redis, path: Path
) -> None:
    book = opened(redis, path)
    redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(RedisError):
            rewrite(book, path, TRIGGER)
    finally:
        redis.config_set("maxmemory", 0)
    book.look()
    published = redis.get(keys.RULES)
    assert isinstance(published, bytes)
    assert json.loads(published)["trigger_names"] == ["vip-arrived"]


def test_rules_that_redis_lost_are_put_back(
    redis: Redis, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    book = opened(redis, path)
    redis.flushall()
    with caplog.at_level(logging.WARNING):
        book.look()
    assert redis.get(keys.RULES_DIGEST) == book.rules.digest.encode()
    assert redis.exists(keys.RULES, keys.RULES_TEXT) == 2
    assert "rules put back" in caplog.text


def test_rules_of_a_process_that_is_gone_give_way_to_those_that_run(
    redis: Redis, path: Path, tmp_path: Path
) -> None:
    book = opened(redis, path)
    other = tmp_path / "other.yaml"
    other.write_text(TRIGGER)
    stranger = opened(redis, other)
    book.look()
    assert redis.get(keys.RULES_DIGEST) == stranger.rules.digest.encode()
    redis.hset(keys.RULES_HELD, stranger.rules.digest, "1.0")  # last heard of long ago
    book.look()
    assert redis.get(keys.RULES_DIGEST) == book.rules.digest.encode()
    assert json.loads(redis.get(keys.RULES) or b"")["trigger_names"] == []


def test_rules_that_are_known_are_not_told_again(redis: Redis, path: Path) -> None:
    book, key = opened(redis, path), live_conference(redis)
    book.look()
    assert redis.llen(keys.inbox(key)) == 0


def said(redis: Redis) -> list[str]:
    return [entry["text"] for entry in Journal(redis).of_rules()]


def test_the_story_tells_once_how_many_rules_were_taken_and_what_changed(
    redis: Redis, path: Path
) -> None:
    with redis.pubsub(ignore_subscribe_messages=True) as story:
        story.subscribe(keys.STORY)
        books = [opened(redis, path), opened(redis, path)]
        for book in books:
            rewrite(book, path, TRIGGER)
        changed = "rules taken: 1 rule; added VIP; removed Everyone joins muted"
        assert said(redis) == ["rules taken: 1 rule", changed]
        told = [story.get_message(timeout=1.0) for _ in range(3)]
    texts = [json.loads(message["data"])["text"] for message in told if message]
    assert texts == ["rules taken: 1 rule", changed]


def test_a_start_tells_what_changed_against_the_rules_that_were_known(
    redis: Redis, path: Path
) -> None:
    opened(redis, path)
    path.write_text(TRIGGER)
    opened(redis, path)
    assert said(redis)[1].endswith("added VIP; removed Everyone joins muted")


def test_a_broken_file_and_its_mending_are_told_once(redis: Redis, path: Path) -> None:
    books = [opened(redis, path), opened(redis, path)]
    for book in books:
        rewrite(book, path, BROKEN)
    for book in books:
        rewrite(book, path, MUTE_EVERYONE)
    _, broken, mended = said(redis)
    head, problem = broken.split("\n")
    assert head == "rules broken, the last good ones stay: 1 problem"
    assert "rules.yaml:4:" in problem
    assert mended == "the rules file is good again: 1 rule"


def test_of_very_many_problems_the_story_names_twenty_and_says_where_the_rest_is(
    redis: Redis, path: Path
) -> None:
    book = opened(redis, path)
    rewrite(book, path, "version: 1\nrules:\n" + "  - text\n" * 22)
    _, broken = said(redis)
    head, *problems, last = broken.split("\n")
    assert head.endswith("22 problems")
    assert len(problems) == 20
    assert last == "and 2 more: see `gavel check`"


def test_a_live_conference_is_told_what_changed(redis: Redis, path: Path) -> None:
    book, key = opened(redis, path), live_conference(redis)
    rewrite(book, path, TRIGGER)
    [entry] = redis.lrange(keys.inbox(key), 0, -1)
    assert json.loads(entry.split(b" ", 1)[1])["data"]["said"] == (
        "1 rule; added VIP; removed Everyone joins muted"
    )
