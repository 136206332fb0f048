"""A service with many accounts, in one process, and who asks it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from redis import Redis
from werkzeug.test import Client, TestResponse

from app.accounts.file import AccountsFile
from app.factory import create_front
from app.plivo.request import form_pairs
from app.plivo.signature import MAIN_V3, NONCE, V3
from app.store import keys
from app.store.inbox import Inbox
from app.store.server.spaces import in_space
from tests.app.builders import FORM, Plivo, settings

ACME, ZETA = "a-token-of-acme", "a-token-of-zeta"
PASSWORD = "a-password-of-{}"
TRIGGERS = "triggers-of-{}"
METRICS_TOKEN = "a-token-for-metrics"
NONE_OF_ITS_OWN: Mapping[str, Any] = {
    "plivo_auth_id": None,
    "plivo_auth_token": (),
    "trigger_token": (),
}


def entry(name: str, **also: str) -> str:
    """One account of the file."""
    said = {
        "name": name,
        "plivo_auth_id": f"MA{name.upper()}",
        "plivo_auth_token": f"a-token-of-{name}",
        "trigger_token": TRIGGERS.format(name),
        "admin_password": PASSWORD.format(name),
    } | also
    return f"- {json.dumps(said)}\n"


class Service:
    """The applications, on a clock of the file's own. Any account's rules are published."""

    def __init__(self, redis: Redis, path: Path, *entries: str, **changes: Any) -> None:
        self.redis, self.path, self.now = redis, path, 0.0
        self.write(*(entries or (entry("acme"), entry("zeta"))))
        made = settings(accounts_file=str(path), metrics_token=(METRICS_TOKEN,), **changes)
        self.public_url = made.public_url
        self.file = AccountsFile(str(path), made, clock=lambda: self.now, pause=lambda _: None)
        self.file.open()
        self.front = create_front(made, Inbox(redis), self.file)
        for name in ("", *self.file.accounts):
            self.publish(name)

    def write(self, *entries: str) -> None:
        self.path.write_text("accounts:\n" + "".join(entries))

    def settle(self) -> None:
        """The file is looked at for as long as a change takes."""
        for _ in range(4):
            self.now += 0.5
            self.front.look()

    def space(self, name: str) -> Redis:
        return in_space(self.redis, name) if name else self.redis

    def publish(self, name: str, **summary: Any) -> None:
        told = {"digest": f"d-{name}", "trigger_names": ["open"]} | summary
        self.space(name).set(keys.RULES, json.dumps(told))
        self.space(name).set(keys.RULES_DIGEST, str(told["digest"]))

    def browser(self) -> Client:
        return Client(self.front)

    def callback(
        self,
        name: str,
        fields: Mapping[str, str],
        path: str = "/plivo/conference",
        *,
        token: str = "",
        seen: str = "",
        also: str = "",
        **headers: str,
    ) -> TestResponse:
        """Signed by that account's token, or another one, and perhaps by one more; `seen`: what the
        proxy made of the address."""
        address = f"/a/{name}{path}" if name else path
        client: Any = Client(self.front)
        signer = Plivo(client, self.public_url)
        pairs = form_pairs(urlencode(fields).encode())
        signed = signer.headers("POST", address, pairs, token=token or f"a-token-of-{name}")
        if also:
            other = signer.headers("POST", address, pairs, token=also, nonce=signed[NONCE])
            signed |= {V3: other[V3], MAIN_V3: signed[V3]}
        where = seen or urlsplit(self.public_url).path + address
        found: TestResponse = client.post(
            where, data=fields, content_type=FORM, headers=signed | headers
        )
        return found

    def inbox(self, name: str, conference: str = "demo") -> list[Any]:
        key = keys.inbox(keys.conference_key(conference))
        rows: Any = self.space(name).lrange(key, 0, -1)
        return [json.loads(row.partition(b" ")[2]) for row in rows]
