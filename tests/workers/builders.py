"""Builders for a worker's context: real Valkey, real HTTP to a double at Plivo's edge."""

from collections.abc import Callable
from pathlib import Path

from redis import Redis

from app.domain.event import Event, new_id
from app.store import keys
from app.store.inbox import Inbox
from app.store.timers import Timers
from tests.doubles.plivo_edge import PlivoEdge
from tests.waiting import until
from workers.bootstrap import Context, assemble
from workers.conference.budget import Budget
from workers.jobs import work
from workers.plivo import PlivoApi
from workers.rules_reloader import RulesReloader
from workers.webhooks.sender import WebhookSender

MUTE_EVERYONE = """
version: 1
rules:
  - name: Everyone joins muted
    when: member.entered
    do:
      - mute: member
"""


def paths(edge: PlivoEdge) -> list[str]:
    """What was asked for of the conference `sales-1`, in order."""
    return [seen.path.rpartition("/Conference/sales-1/")[2] for seen in edge.seen]


def context_of(redis: Redis, url: str, folder: Path, rules: str = MUTE_EVERYONE) -> Context:
    path = folder / "rules.yaml"
    path.write_text(rules)
    reloader = RulesReloader(redis, str(path))
    reloader.open()
    reloader.look()
    return assemble(
        redis,
        reloader,
        PlivoApi(url, "MA" + "X" * 18, "token", public_url="http://127.0.0.1:1"),
        WebhookSender(allow_private=True),
        Budget(redis, 300, 5.0),
        30.0,
    )


def enter(redis: Redis, member: str = "1", conference: str = "sales-1") -> str:
    """One member enters; answers the event's id."""
    data = {"member_id": member, "call_uuid": f"call-{member}"}
    event = Event(new_id(), "member.entered", conference, 0.0, "uuid-1", data)
    Inbox(redis).accept(event, identities=[])
    return event.id


def work_all(context: Context) -> None:
    """What the threads of a worker do, until the queue is empty."""
    while popped := context.redis.lpop(keys.QUEUE):
        assert isinstance(popped, bytes)
        work(context, popped.decode())


def work_until(context: Context, holds: Callable[[], bool]) -> None:
    """What a worker's threads and clock do, until something holds."""

    def turn() -> bool:
        Timers(context.redis).tick()
        work_all(context)
        return holds()

    until(turn, "what the worker was to do")
