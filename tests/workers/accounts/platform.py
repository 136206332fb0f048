"""A Gavel of two accounts, as one worker process has it: real Valkey, a double at Plivo's edge."""

import base64
from pathlib import Path
from typing import Any

from redis import Redis

from app.domain.event import Event, new_id
from app.settings import Settings
from app.store import keys
from app.store.inbox import Inbox
from tests.doubles.plivo_edge import PlivoEdge
from tests.workers.builders import MUTE_EVERYONE
from workers.accounts.contexts import AccountContexts
from workers.accounts.rounds import AccountRounds, rounds_of
from workers.bootstrap import bootstrap
from workers.jobs import work

ROOM = "sales-1"
ENTRY = """
  - name: {name}
    plivo_auth_id: {auth_id}
    plivo_auth_token: token-of-{name}
    rules_file: {name}.yaml
"""
AUTH = {"acme": "MA" + "A" * 18, "zeta": "MA" + "Z" * 18}


class Platform:
    """Two accounts, in a folder."""

    def __init__(self, folder: Path, redis: Redis, edge: PlivoEdge) -> None:
        address: Any = redis.connection_pool.connection_kwargs
        self.folder, self.edge = folder, edge
        self.write("acme", "zeta")
        for name in AUTH:
            self.rules(name, MUTE_EVERYONE)
        settings = Settings(
            redis_url=f"redis://{address['host']}:{address['port']}/{address['db']}",
            plivo_api_url=edge.url,
            accounts_file=str(folder / "accounts.yaml"),
            public_url="https://gavel.test",
        )
        root = bootstrap(settings)
        found = rounds_of(settings, root)
        assert found is not None
        self.rounds: AccountRounds = found
        self.contexts: AccountContexts = found.contexts
        self.root = root

    def write(self, *names: str, more: str = "") -> None:
        entries = [ENTRY.format(name=name, auth_id=AUTH[name]) for name in names]
        path = self.folder / "accounts.new"
        path.write_text("accounts:" + "".join(entries) + more)
        path.replace(self.folder / "accounts.yaml")

    def rules(self, name: str, text: str) -> None:
        path = self.folder / f"{name}.new"
        path.write_text(text)
        path.replace(self.folder / f"{name}.yaml")

    def enter(self, account: str, member: str = "1") -> str:
        data = {"member_id": member, "call_uuid": f"call-{member}"}
        event = Event(new_id(), "member.entered", ROOM, 0.0, "uuid-1", data)
        Inbox(self.contexts.spaces.of(account)).accept(event, identities=[])
        return event.id

    def work(self) -> None:
        """What the threads of a worker do, until the queue is empty."""
        while popped := self.root.redis.lpop(keys.QUEUE):
            assert isinstance(popped, bytes)
            account, unit = keys.account_of(popped.decode())
            work(self.contexts.of(account), unit)

    def is_late(self, account: str) -> None:
        """Nobody has worked its units in time."""
        redis: Any = self.root.redis
        for unit in redis.zrange(f"a/{account}/{keys.AWAKE}", 0, -1):
            redis.zadd(f"a/{account}/{keys.AWAKE}", {unit: 1})
        redis.zadd(keys.ACCOUNTS, {account: 1})

    def called(self) -> list[tuple[str, str]]:
        """By whose credentials, and what, in order."""
        found = []
        for seen in self.edge.seen:
            encoded = seen.headers["authorization"].partition(" ")[2]
            who = base64.b64decode(encoded).decode()
            assert f"/Account/{who.partition(':')[0]}/" in seen.path
            found.append((who.partition(":")[2], seen.path.rpartition(f"/{ROOM}/")[2]))
        return found
