"""A worker whose webhooks go to receivers that never answer: real threads, real connections."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from redis import Redis

from tests.doubles.plivo_edge import PlivoEdge, plivo_edge
from tests.waiting import PATIENCE, until
from tests.workers.builders import context_of, enter
from workers.webhooks.sender import WebhookSender
from workers.worker import ConferenceWorker

RULES = """
version: 1
rules:
  - name: Told
    when: member.entered
    match: {{conference: "hook-*"}}
    do:
      - webhook: {{url: "http://127.0.0.1:{port}/"}}
  - name: Muted
    when: member.entered
    match: {{conference: {{not: "hook-*"}}}}
    do:
      - mute: member
"""


@contextmanager
def who_never_answers() -> Iterator[int]:
    """The port of one whose connections are made and then left alone."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        yield server.getsockname()[1]


def test_receivers_that_never_answer_keep_no_mute_waiting(redis: Redis, tmp_path: Path) -> None:
    with plivo_edge() as plivo:
        with who_never_answers() as port:
            sender = WebhookSender(
                allow_private=True, read_seconds=100 * PATIENCE, whole_seconds=100 * PATIENCE
            )
            context = context_of(redis, plivo.url, tmp_path, RULES.format(port=port))
            worker = ConferenceWorker(replace(context, webhooks=sender), threads=2)
            running = threading.Thread(target=worker.run)
            running.start()
            try:
                for number in range(20):
                    enter(redis, conference=f"hook-{number}")
                for number in range(5):
                    enter(redis, conference=f"other-{number}")
                until(lambda: mutes(plivo) == 5, "the mutes of others")
            finally:
                worker.stop()
        running.join()  # who hung is gone


def mutes(plivo: PlivoEdge) -> int:
    return sum(seen.path.endswith("/Member/1/Mute/") for seen in plivo.seen)
