"""The worker puts what else is live beside the events that it decides, where a rule asks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from app.store.journal import Journal
from tests.doubles.plivo_edge import PlivoEdge, plivo_edge
from tests.workers.builders import MUTE_EVERYONE, context_of, enter, work_all

CROWDED = """
version: 1
rules:
  - name: The third support call at once
    when: conference.started
    match: {conference: "support-*"}
    if: account.conferences | matching("support-*") | length >= 3
    do:
      - speak: {to: all, text: "{{ account.conference_count }} calls at once."}
"""


@pytest.fixture
def plivo() -> Iterator[PlivoEdge]:
    with plivo_edge() as running:
        yield running


def begin(redis: Redis, plivo: PlivoEdge, folder: Path, rules: str) -> list[Any]:
    """Conferences that begin one after the other; what the last one's journal has."""
    context = context_of(redis, plivo.url, folder, rules)
    for name in ("support-1", "sales-1", "support-2", "support-3"):
        enter(redis, conference=name)
        work_all(context)
    entries = Journal(redis).of("support-3")
    return [e["event"] for e in entries if e["kind"] == "event"]


def test_the_third_call_at_once_is_told_and_the_journal_says_of_how_many(
    redis: Redis, plivo: PlivoEdge, tmp_path: Path
) -> None:
    [event] = begin(redis, plivo, tmp_path, CROWDED)
    assert [seen.json()["text"] for seen in plivo.seen] == ["4 calls at once."]
    assert "/support-3/" in plivo.seen[0].path
    assert event["account"] == {"count": 3, "others": ["support-2", "sales-1", "support-1"]}


def test_files_that_do_not_ask_have_nothing_looked_up(
    redis: Redis, plivo: PlivoEdge, tmp_path: Path
) -> None:
    redis.config_resetstat()
    [event] = begin(redis, plivo, tmp_path, MUTE_EVERYONE)
    assert "account" not in event
    assert "cmdstat_zrevrange" not in redis.info("commandstats")
