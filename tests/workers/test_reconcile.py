"""Reconciling: what is told of it when Plivo refuses."""

import json
import logging
import threading
from pathlib import Path

import pytest
from redis import Redis

from app.store import keys
from tests import log_lines
from tests.doubles.plivo_edge import PlivoEdge, answer
from tests.workers.builders import context_of
from workers.reconcile import reconcile


def test_what_plivos_support_asks_for_is_told_of_refusals_and_of_what_is_gone(
    redis: Redis, edge: PlivoEdge, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    context = context_of(redis, edge.url, tmp_path)
    edge.answers(
        answer(200, {"api_id": "a-1", "conferences": ["sales-1"]}),
        answer(500, {"api_id": "a-2", "error": "no"}),
        answer(200, {"api_id": "a-3", "conferences": ["sales-1"]}),
        answer(404, {"api_id": "a-4", "error": "not found"}),
    )
    with caplog.at_level(logging.WARNING):
        reconcile(context, threading.Event())
    assert "api_id=a-2" in log_lines.text(caplog)
    reconcile(context, threading.Event())
    [accepted] = redis.lrange(keys.inbox(keys.conference_key("sales-1")), 0, -1)
    told = json.loads(accepted.partition(b" ")[2])
    assert (told["data"]["gone"], told["data"]["api_id"]) == (True, "a-4")
